#include "ops/restore_page.h"

#include "ops/intent.h"
#include "ops/maintenance.h"

static int set(const struct procedure *p, bool on, struct err *e)
{
    const struct maintenance wanted = { .on = on, .message = "" };

    return maintenance_apply(p, &wanted, e);
}

/* *on: it is; not known is as bad as that: what is not ours is left alone */
static int look(const struct procedure *p, bool *on, struct err *e)
{
    json_t *state = NULL;
    int r = maintenance_status(p, &state, e);

    *on = r < 0 || json_is_true(json_object_get(state, "on"));
    json_decref(state);
    return r;
}

int restore_page_begin(const struct procedure *p, bool *ours, struct err *e)
{
    struct err why = ERR_INIT;
    bool on = false;
    int r = look(p, &on, &why);

    *ours = false;
    if (r < 0)
        procedure_say(p, "warning: no maintenance page: %s", why.msg);
    if (on)
        return 0;
    r = intent_step(p->dir, "page", NULL, e);
    if (r < 0)
        return r;
    if (set(p, true, &why) == 0) {
        procedure_say(p, "the maintenance page is shown");
        *ours = true;
        return 0;
    }
    procedure_say(p, "warning: no maintenance page: %s", why.msg);
    (void) set(p, false, NULL);
    return 0;
}

int restore_page_end(const struct procedure *p, struct err *e)
{
    if (set(p, false, e) == 0)
        return 0;
    (void) err_wrap(e, "the maintenance page is still shown");
    return err_hint(e, "ipam-orch maintenance off");
}

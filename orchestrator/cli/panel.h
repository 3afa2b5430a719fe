/* panel.h -- what the built-in dashboard shows, as JSON: services, lines of logs, alerts and
 * figures. Runs in: CLI, as somebody who may look only.  Blocks for some seconds at most. Owns:
 * nothing; results are new references. Fails: negative errno.  What Prometheus or a log does not
 * tell is said in the answer ("error"), so that the rest is shown. */
#ifndef IPAM_CLI_PANEL_H
#define IPAM_CLI_PANEL_H

#include <jansson.h>

#include "cli/cmd.h"

struct panel {
    const struct cli *cli;
    const char *prometheus; /* its address, NULL: looked for */
};

/* {project, time_us, services, used, schedules, absent, kept} */
int panel_overview(const struct panel *p, json_t **out, struct err *e);
/* the last lines with `search` in them, of all services or of `service` */
int panel_logs(const struct panel *p, const char *service, const char *search, json_t **out,
               struct err *e);
/* {alerts, figures}: what is alarming, and what schedules and certificates are like */
int panel_watch(const struct panel *p, json_t **out, struct err *e);
/* {series}: the last hour in some figures */
int panel_series(const struct panel *p, json_t **out, struct err *e);

#endif

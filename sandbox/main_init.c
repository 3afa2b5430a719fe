/* ipam-init -- what instances are forked from, see zygote.h; pid 1 of an instance, or the way of
 * one command into an instance. Started by ipam-sandboxd only, with its socket as descriptor 3; see
 * handover.h. */
#include "sandbox/enter.h"
#include "sandbox/init.h"
#include "sandbox/zygote.h"

static int become(bool joining)
{
    return joining ? enter_run() : init_run();
}

int main(void)
{
    return zygote_run(become);
}

/* ipam-init -- pid 1 of an instance, or with "join" the way of one command into an instance.
 * Started by ipam-sandboxd only, with its socket as descriptor 3; see handover.h. */
#include <string.h>

#include "sandbox/enter.h"
#include "sandbox/init.h"

int main(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], "join") == 0 ? enter_run() : init_run();
}

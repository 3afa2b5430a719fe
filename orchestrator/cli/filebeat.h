/* filebeat.h -- a configuration of Filebeat for exactly the log files of a project.
 * Runs in: CLI.  Owns: nothing.
 * Source: filestream input, container and ndjson parsers in the Filebeat reference, 8.15. */
#ifndef IPAM_CLI_FILEBEAT_H
#define IPAM_CLI_FILEBEAT_H

#include "compose/load.h"

/* Inputs for the services of `l`, those of other profiles included; malloc'd. */
char *filebeat_config(const struct loaded *l);

#endif

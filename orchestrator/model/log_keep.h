/* log_keep.h -- how much is kept of the logs of a unit or of a project.
 * Data, beyond what is said of each file of a log; 0 = any. */
#ifndef IPAM_MODEL_LOG_KEEP_H
#define IPAM_MODEL_LOG_KEEP_H

#include <stdint.h>

struct log_keep {
    uint64_t budget;     /* bytes of all files together */
    uint64_t max_age_us; /* of a rotated file since its last line */
};

#endif

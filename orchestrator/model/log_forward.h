/* log_forward.h -- where the lines of a unit go besides its log file.  Data. */
#ifndef IPAM_MODEL_LOG_FORWARD_H
#define IPAM_MODEL_LOG_FORWARD_H

#include <stdint.h>

struct log_forward {
    const char *driver;  /* journald or syslog; "" = nowhere */
    const char *address; /* of syslog: "unix:PATH", "udp:HOST:PORT", "tcp:HOST:PORT" */
    const char *format;  /* of syslog: rfc3164, rfc5424 or rfc5424micro */
    const char *tag;     /* what the lines are called there */
    uint32_t facility;   /* of syslog, 0 to 23 */
};

#define LOG_FORWARD_NONE                                                                           \
    {                                                                                              \
        .driver = "", .address = "", .format = "", .tag = ""                                       \
    }

#endif

# Ends that come before anything was ready, and what those that waited make of it.
service slow start=5s
> up ready=1s
    0.000 slow: down -> waiting
    0.000 slow: waiting -> preparing
    0.000 launch slow.1.1
    1.000 slow: preparing -> stopping
    1.000 KILL slow.1.1
    1.000 slow: stopping -> down
    1.000 failed: service 'slow' is not ready after 1.0 s: it is preparing
> slow start=10ms broken
> up
    1.000 slow: down -> waiting
    1.000 slow: waiting -> preparing
    1.000 launch slow.1.1
    1.010 slow: preparing -> failed: could not start: mounting the root: No such file or directory
    1.010 slow: failed -> down
    1.010 failed: service 'slow' could not start: mounting the root: No such file or directory

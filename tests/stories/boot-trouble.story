# After a boot nobody waits: a sandbox that cannot be made yet is tried again, by the restart policy.
service app restart=always delay=1s
> up
    0.000 app: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.010 app: preparing -> starting
    0.010 app: starting -> up
    0.010 done
> wait 1m
> app broken
> machine boots
   60.010 app: up -> waiting
   60.010 app: waiting -> preparing
   60.010 launch app.1.2
> wait 2s
   60.020 app: preparing -> backoff: could not start: mounting the root: No such file or directory
   61.020 app: backoff -> preparing
   61.020 launch app.1.3
   61.030 app: preparing -> backoff: could not start: mounting the root: No such file or directory
> app whole
> wait 2s
   62.030 app: backoff -> preparing
   62.030 launch app.1.4
   62.040 app: preparing -> starting
   62.040 app: starting -> up
# Who asks is told at once.
> app broken
> restart app
   64.010 app: up -> stopping
   64.010 TERM app.1.4
   64.030 app: stopping -> waiting
   64.030 app: waiting -> preparing
   64.030 launch app.1.5
   64.040 app: preparing -> failed: could not start: mounting the root: No such file or directory
   64.040 app: failed -> down
   64.040 failed: service 'app' could not start: mounting the root: No such file or directory

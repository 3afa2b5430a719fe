# An unhealthy service is restarted, reloaded, stopped or left alone, as its file says.
service again health=1s unhealthy=restart:2s
service reload health=1s unhealthy=reload:10s
service gone health=1s unhealthy=stop
service alone health=1s
> up
    0.000 again: down -> waiting
    0.000 reload: down -> waiting
    0.000 gone: down -> waiting
    0.000 alone: down -> waiting
    0.000 again: waiting -> preparing
    0.000 launch again.1.1
    0.000 reload: waiting -> preparing
    0.000 launch reload.1.1
    0.000 gone: waiting -> preparing
    0.000 launch gone.1.1
    0.000 alone: waiting -> preparing
    0.000 launch alone.1.1
    0.010 again: preparing -> starting
    0.010 alone: preparing -> starting
    0.010 gone: preparing -> starting
    0.010 reload: preparing -> starting
    0.060 gone: starting -> healthy
    0.060 alone: starting -> healthy
    0.060 reload: starting -> healthy
    0.060 again: starting -> healthy
    0.060 done
> again sick
> wait 6s
    1.060 again: up -> unhealthy: said no
    3.060 again: sick -> stopping: was unhealthy: said no
    3.060 TERM again.1.1
    3.080 again: stopping -> backoff: was unhealthy: said no
    3.080 again: backoff -> preparing
    3.080 launch again.1.2
    3.090 again: preparing -> starting
    3.140 again: starting -> unhealthy: said no
    5.140 again: sick -> stopping: was unhealthy: said no
    5.140 TERM again.1.2
    5.160 again: stopping -> backoff: was unhealthy: said no
    5.260 again: backoff -> preparing
    5.260 launch again.1.3
    5.270 again: preparing -> starting
    5.320 again: starting -> unhealthy: said no
> again well
> wait 5s
    6.320 again: sick -> healthy
> reload sick
> wait 25s
   11.060 reload: up -> unhealthy: said no
   21.060 HUP reload.1.1
   31.060 HUP reload.1.1
> reload well
> wait 5s
   36.060 reload: sick -> healthy
> gone sick
> wait 5s
   41.060 gone: up -> unhealthy: said no
   41.060 gone: sick -> stopping: was unhealthy: said no
   41.060 TERM gone.1.1
   41.080 gone: stopping -> failed: was unhealthy: said no
> alone sick
> wait 1m
   46.060 alone: up -> unhealthy: said no
> alone well
> wait 5s
  106.060 alone: sick -> healthy
> start gone
  111.060 gone: failed -> waiting
  111.060 gone: waiting -> preparing
  111.060 launch gone.1.2
  111.070 gone: preparing -> starting
  111.120 gone: starting -> unhealthy: said no
  111.120 gone: sick -> stopping
  111.120 TERM gone.1.2
  111.140 gone: stopping -> down
  111.140 failed: service 'gone' is unhealthy after 1 failed checks; the last one said: said no
> gone well
> start gone
  111.140 gone: down -> waiting
  111.140 gone: waiting -> preparing
  111.140 launch gone.1.3
  111.150 gone: preparing -> starting
  111.200 gone: starting -> healthy
  111.200 done

# Crashes in a row: at once, then ever later, at most a minute; a long life begins anew.
service app life=50ms exit=3
> up
    0.000 app: down -> waiting
    0.000 app: waiting -> preparing
    0.000 launch app.1.1
    0.010 app: preparing -> starting
    0.010 app: starting -> up
    0.010 done
> wait 2m
    0.060 app: up -> backoff: exited with status 3
    0.060 app: backoff -> preparing
    0.060 launch app.1.2
    0.070 app: preparing -> starting
    0.070 app: starting -> up
    0.120 app: up -> backoff: exited with status 3
    0.220 app: backoff -> preparing
    0.220 launch app.1.3
    0.230 app: preparing -> starting
    0.230 app: starting -> up
    0.280 app: up -> backoff: exited with status 3
    0.480 app: backoff -> preparing
    0.480 launch app.1.4
    0.490 app: preparing -> starting
    0.490 app: starting -> up
    0.540 app: up -> backoff: exited with status 3
    0.940 app: backoff -> preparing
    0.940 launch app.1.5
    0.950 app: preparing -> starting
    0.950 app: starting -> up
    1.000 app: up -> backoff: exited with status 3
    1.800 app: backoff -> preparing
    1.800 launch app.1.6
    1.810 app: preparing -> starting
    1.810 app: starting -> up
    1.860 app: up -> backoff: exited with status 3
    3.460 app: backoff -> preparing
    3.460 launch app.1.7
    3.470 app: preparing -> starting
    3.470 app: starting -> up
    3.520 app: up -> backoff: exited with status 3
    6.720 app: backoff -> preparing
    6.720 launch app.1.8
    6.730 app: preparing -> starting
    6.730 app: starting -> up
    6.780 app: up -> backoff: exited with status 3
   13.180 app: backoff -> preparing
   13.180 launch app.1.9
   13.190 app: preparing -> starting
   13.190 app: starting -> up
   13.240 app: up -> backoff: exited with status 3
   26.040 app: backoff -> preparing
   26.040 launch app.1.10
   26.050 app: preparing -> starting
   26.050 app: starting -> up
   26.100 app: up -> backoff: exited with status 3
   51.700 app: backoff -> preparing
   51.700 launch app.1.11
   51.710 app: preparing -> starting
   51.710 app: starting -> up
   51.760 app: up -> backoff: exited with status 3
  102.960 app: backoff -> preparing
  102.960 launch app.1.12
  102.970 app: preparing -> starting
  102.970 app: starting -> up
  103.020 app: up -> backoff: exited with status 3
> app life=11s
> wait 2m
  163.020 app: backoff -> preparing
  163.020 launch app.1.13
  163.030 app: preparing -> starting
  163.030 app: starting -> up
  174.030 app: up -> backoff: exited with status 3
  174.030 app: backoff -> preparing
  174.030 launch app.1.14
  174.040 app: preparing -> starting
  174.040 app: starting -> up
  185.040 app: up -> backoff: exited with status 3
  185.040 app: backoff -> preparing
  185.040 launch app.1.15
  185.050 app: preparing -> starting
  185.050 app: starting -> up
  196.050 app: up -> backoff: exited with status 3
  196.050 app: backoff -> preparing
  196.050 launch app.1.16
  196.060 app: preparing -> starting
  196.060 app: starting -> up
  207.060 app: up -> backoff: exited with status 3
  207.060 app: backoff -> preparing
  207.060 launch app.1.17
  207.070 app: preparing -> starting
  207.070 app: starting -> up
  218.070 app: up -> backoff: exited with status 3
  218.070 app: backoff -> preparing
  218.070 launch app.1.18
  218.080 app: preparing -> starting
  218.080 app: starting -> up
  229.080 app: up -> backoff: exited with status 3
  229.080 app: backoff -> preparing
  229.080 launch app.1.19
  229.090 app: preparing -> starting
  229.090 app: starting -> up

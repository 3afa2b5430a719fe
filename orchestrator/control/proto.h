/* proto.h -- the control protocol between `ipam-orch` and the supervisor.
 * Unix stream socket, one JSON object per line, at most LIMIT_CONTROL_LINE bytes.
 *
 * Version history:  1 (0.1.0): hello, status, begin, exec, kill, pause, unpause,
 *                           stats, limits, probe, daemon, reexec, rest, definition,
 *                           renew, note, schedules, schedule, storage, leftovers.
 *
 *   request                                              answer
 *   {"op":"hello","protocol":1}                          {"hello":{"protocol":1,"version":..,
 *                                                          "runtime":bool,"role":..}}
 *   {"op":"status"[,"project":NAME]}                     {"status":{"projects":[..]}}; of each
 *                                                        its services, the operation that goes on
 *                                                        ("" = none), one_offs: those of run, kept:
 *                                                        its last backup and trial, see
 *                                                        engine/kept.h
 *   {"op":"begin","operation":"up|down|start|stop|restart|update","project":NAME
 *    [,"definition":{..}][,"services":[..]][,"keep":b][,"no_wait":b][,"no_deps":b]
 *    [,"volumes":b[,"purge":b]][,"back":b][,"as_is":b][,"deps_only":b][,"ready_us":N][,"grace_us":N]
 *    [,"canaries":N]};
 * deps_only: what the services need, not themselves; down with volumes may bring the definition of
 * a project that is not known; update brings the definition that its one service is to have, see
 * engine/rollout.h; back: by its rollback section; canaries: so many instances of it only; as_is:
 * up replaces nothing that runs; restart may bring the definition that the services it restarts are
 * to have; ready_us: what is not ready then has failed; grace_us: instead of their grace periods
 *                                                        {"event":{..}} any number of times, then
 *                                                        {"done":true,"ending":bool} or
 *                                                        {"error":{..}}; ending: the manager
 *                                                        itself ends now, nothing is left to do.
 *                                                        The event "broker lost" asks for somebody
 *                                                        who starts it again
 *   {"op":"kill","project":NAME,"services":[..],"signal":N[,"index":N]}
 *                                                        {"killed":[{"service":..,"pid":N}]};
 *                                                        no services: all that run
 *   {"op":"pause|unpause","project":NAME,"services":[..]}
 *                                                        {"instances":[{"service":..,"pid":N}]};
 *                                                        no services: all that run
 *   {"op":"stats","project":NAME,"services":[..]}        the same, with the figures of `stats` in
 *                                                        sandbox/client.h
 *   {"op":"probe","project":NAME,"services":[..]}        the same, after a health check made for
 *                                                        it: kind, ok, took_us, output
 *   {"op":"limits","project":NAME,"services":[..][,"set":{..}]}
 *                                                        the same, with `limits` and `before` of
 *                                                        sandbox/client.h and `wanted`, those of
 *                                                        the project
 *   {"op":"schedules","project":NAME}                    {"schedules":[{"name":..,"when":..,
 *                                                          "run":[..],"enabled":b,"running":b,
 *                                                          "next_us":N,"runs":[{..},..]},..]}
 *   {"op":"schedule","project":NAME,"name":NAME,"what":"run|enable|disable"}
 *                                                        {"done":true}, of `run` when it has ended:
 *                                                        {"done":true,"run":{"result":..,"code":N,
 *                                                          "started_us":N,"took_us":N,
 *                                                          "output":..}}
 *   {"op":"storage","what":"volumes|volume_remove|trash_restore|trash_purge|trash_expire"
 *    [,"fields":{..}]}                                   {"answer":{..}}, as in sandbox/client.h
 *   {"op":"leftovers","remove":b}                        {"answer":{..}}, of what belongs to no
 *                                                        project that the supervisor knows
 *   {"op":"definition","project":NAME}                   {"definition":{..}}: the project as it was
 *                                                        sent, with its secrets
 *   {"op":"renew","project":NAME,"secrets":{NAME:VALUE,..}[,"digests":{SERVICE:DIGEST,..}]}
 *                                                        {"done":true,"instances":[..]}: secrets
 *                                                        have other values, as "value" in a
 *                                                        definition, in what is saved and in those
 *                                                        instances, which go on; digests: of the
 *                                                        services with them (model/digest.h).  When
 *                                                        it failed in the middle what is saved has
 *                                                        them, and the same request does the rest
 *   {"op":"note","project":NAME,"event":WORD[,"details":{..}]}
 *                                                        {"done":true}: a line of its journal
 *   {"op":"daemon"}                                      {"daemons":[{..},{..}]}: supervisor and
 *                                                        broker as in base/running.h; one that does
 *                                                        not run has "error"
 *   {"op":"reexec","program":"ipam-orchd|ipam-sandboxd"} {"waiting":..} any number of times, then
 *                                                        {"done":true,"pid":N} and the end of the
 *                                                        connection if it is the supervisor
 *   {"op":"rest"}                                        {"done":true} when nothing runs any more;
 *                                                        the next supervisor starts it again
 *   {"op":"exec","project":NAME,"service":NAME,"argv":[..]
 *    [,"env":["K=V",..]][,"workdir":DIR][,"user":USER[:GROUP]][,"detach":b]}, with stdin, stdout
 *    and stderr as SCM_RIGHTS of its first byte          {"exit":{"code":N,"signal":N,"errno":N,
 *                                                          "what":..}}; errno: it could not run.
 *                                                        The end of the connection kills it;
 *                                                        detached it is answered when it has
 *                                                        begun, and goes on
 *   {"op":"run","service":NAME,"name":..,"definition":{..},"argv":[..][,"env":..]
 *    [,"workdir":..][,"user":..][,"detach":b]}, with descriptors as exec  {"exit":..}, when its
 * sandbox is gone; detached: when it runs, what: its name
 *   {"op":"attach","project":NAME,"service":NAME[,"index":N][,"input":b]}
 *                                                        {"attached":{"service":..,"pid":N,
 *                                                          "terminal":b,"reads":b}}, with the other
 *                                                        end of its stdin, or of its terminal, as
 *                                                        SCM_RIGHTS of its first byte if `input`
 *                                                        and there is one; then any number of
 *                                                        {"output":{"stream":..,"text":..}}, a
 *                                                        character per byte (base/bytetext.h), and
 *                                                        {"missed":N}: bytes that this client was
 *                                                        too slow for; they are in the log.  Then
 *                                                        {"exit":..} as exec, when it has ended
 * any
 * {"error":{"class":..,"exit":N,"what":.., "service":..,"phase":..,"next":..
 *   [,"details":{"service","state","restarts","retries","checks":[..][,"exit":{..}]}]}}; details:
 * of the service that made an operation fail
 *
 * A viewer may say hello, status, stats, schedules and daemon; everything else needs an operator:
 * root, the supervisor's own user or a member of the group ipam-orch, told from SO_PEERCRED. */
#ifndef IPAM_CONTROL_PROTO_H
#define IPAM_CONTROL_PROTO_H

enum { PROTO_VERSION = 1 };

#endif

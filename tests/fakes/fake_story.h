/* fake_story.h -- a story: services, what happens to them, and line by line what the supervisor
 * makes of it, on a virtual clock.  The real engine over fake_world.h.
 *
 *   # comment                                     | before the first '>'
 *   service NAME [WORD...]                        |
 *     behaviour: start=DUR ready=DUR stop=DUR|never life=DUR exit=N task=DUR task-exit=N sick
 * broken definition: health=DUR patience=DUR (start period) grace=DUR replicas=N restart=POLICY[:N]
 *                 window=DUR delay=DUR unhealthy=ACTION[:DUR] post_start=N pre_stop=N (commands)
 *                 needs=NAME[:started|healthy|completed][:restart][:optional]
 *                 start-first parallelism=N pause=DUR monitor=DUR permill=N go-on published net
 *   > define NAME DIGEST                            its definition is another one from now on
 *   > up|down|start|stop|restart|update [SERVICE] [ready=DUR] [grace=DUR]        runs until the
 * operation ends > scale NAME N                                runs `up` with so many replicas >
 * wait DUR time passes > NAME exits N | NAME dies SIGNAL             a program ends > NAME
 * BEHAVIOUR... it behaves otherwise from now on ("well": not sick, "whole": not broken) >
 * supervisor restarts | broker is lost | machine boots
 *
 * What follows a '>' line is the expected course, SECONDS and what happened. */
#ifndef IPAM_TESTS_FAKE_STORY_H
#define IPAM_TESTS_FAKE_STORY_H

/* Plays the story of a file; *played is its text with the course that was seen (malloc'd). */
void story_play(const char *text, char **played);

#endif

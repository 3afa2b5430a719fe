/* record.h -- the command that runs, as it goes into the audit of the project it changes.
 * Runs in: CLI.  Owns: the one record of this process.  Whatever changes a project says so with
 * record_project before it does; main writes the record when the verb is over. */
#ifndef IPAM_CLI_RECORD_H
#define IPAM_CLI_RECORD_H

/* The verb and its words, ended by NULL; they outlive the process's work. */
void record_words(char *const *words);
/* This project is going to be changed. */
void record_project(const char *project);
/* Why it failed, for the record. */
void record_failure(const char *why);
/* Writes it, if anything was to be changed. */
void record_end(int status);

#endif

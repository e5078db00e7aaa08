/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_LOG_H
#define SIGNET_BASE_LOG_H

/*
 * log: one line per event, to standard error:
 *
 *   2026-11-21T09:00:00.123Z info core order-new account=17 order=23
 *
 * time, level, role, event name, then key=value fields. Values with spaces,
 * quotes or control bytes are quoted and escaped, so a line is always a line.
 * Who reads the log cannot stop us: a line that it does not take within
 * LOG_WAIT_MS is dropped, and those after it without a wait; how many is said
 * (log-lines-dropped) before the next one that it takes. Standard error stays
 * blocking, as it may be shared with others than us.
 *
 * A process that tells others nothing within a turn of its loop may have the
 * turn's lines wait (log_gather) and be written together at its end
 * (base/loop.h), or when they fill PIPE_BUF bytes. Warnings, errors, and all
 * lines when debug lines are asked for, are written at once, behind those that
 * wait. Who is killed or aborts within a turn takes its other lines along.
 *
 * Only process code logs; libraries return a struct err. Secrets (keys,
 * tokens' key authorizations, HMACs) are never fields.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LOG_OFTEN_MAX 20 /* lines a second of one process, see log_often */
#define LOG_WAIT_MS 100 /* for a reader that does not keep up */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERROR };

/* role is a static text and stands in each line. Default level: LOG_INFO. */
void log_init(const char *role, enum log_level level);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* From now on lines wait for log_flush, or no more: those that wait are
 * written. Nobody may fork in between. */
void log_gather(bool gathers);
void log_flush(void);

/* event is a short fixed name with dashes; fmt gives the fields as
 * `key=value` text; use log_quote for values from outside. NULL for none. */
void log_event(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Before a line that strangers can cause at will: whether it may be written
 * now. LOG_OFTEN_MAX such lines a second are; how many were left out is said
 * (log-lines-left-out) before the next line of a later second. */
bool log_often(enum log_level level, int64_t now_ms);

/* An error as an event: kind, rule and quoted text become fields. */
void log_err(enum log_level level, const char *event, const struct err *err);

/* Quotes and escapes in for use as one value. Returns out. */
#define LOG_QUOTE_SIZE 512
const char *log_quote(char out[LOG_QUOTE_SIZE], const char *in, size_t in_len);

#endif

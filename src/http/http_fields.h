/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_FIELDS_H
#define SIGNET_HTTP_HTTP_FIELDS_H

/*
 * http_fields: what is kept of the header of an answer by a stranger's web
 * server. libcurl hands over its lines one by one; of all fields three are
 * looked at, and all lines are counted.
 */

#include "base/bld.h"

#define HTTP_FIELDS_MAX 16384    /* bytes of all lines of an answer */
#define HTTP_FIELDS_DATE_SIZE 64 /* bytes kept of Date, with a NUL */

struct http_fields { /* views of it live until the next line or reset */
	size_t len;              /* bytes of the lines so far */
	struct bld location;     /* Location: as sent, or empty */
	char date[HTTP_FIELDS_DATE_SIZE]; /* Date: the same, cut off */
	bool encoded;            /* there is a content coding */
	bool over;               /* there were more than HTTP_FIELDS_MAX */
};

void http_fields_init(struct http_fields *fields);
void http_fields_done(struct http_fields *fields);
/* As after init: for the next answer. */
void http_fields_reset(struct http_fields *fields);

/* One line with its end. False: there are too many bytes, it is not read. */
bool http_fields_line(struct http_fields *fields, struct span line);

#endif

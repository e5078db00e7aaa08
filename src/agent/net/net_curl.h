/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_CURL_H
#define SIGNET_AGENT_NET_NET_CURL_H

/*
 * net_curl: one libcurl multi handle on the loop. Transfers that are done are
 * handed out outside of curl, which may then be called again.
 */

#include <curl/curl.h>

#include "base/loop.h"

struct net_curl;

/* Once a process, before its sandbox. */
void net_curl_init_process(void);

struct net_curl *net_curl_new(struct loop *loop,
    void (*done)(CURL *easy, CURLcode code));
/* No transfer may be running. */
void net_curl_free(struct net_curl *curl);

void net_curl_add(struct net_curl *curl, CURL *easy);
/* done is not called for it any more. */
void net_curl_remove(struct net_curl *curl, CURL *easy);

#endif

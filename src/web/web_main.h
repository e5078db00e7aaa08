/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_WEB_MAIN_H
#define SIGNET_WEB_WEB_MAIN_H

/* A web process, from its exec to its exit status. */
int web_main(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_MAIN_H
#define SIGNET_CORE_CORE_MAIN_H

/* The core process, from its exec to its exit status. */
int core_main(void);

#endif

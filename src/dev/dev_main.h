/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DEV_DEV_MAIN_H
#define SIGNET_DEV_DEV_MAIN_H

/* The dev process, from its exec to its exit status. */
int dev_main(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_SIGNER_MAIN_H
#define SIGNET_SIGNER_SIGNER_MAIN_H

/* The signer process, from its exec to its exit status. */
int signer_main(void);

#endif

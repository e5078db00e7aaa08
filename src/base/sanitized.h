/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SANITIZED_H
#define SIGNET_BASE_SANITIZED_H

/*
 * SANITIZED is 1 in builds with AddressSanitizer, whose run-time needs system
 * calls, files and environment variables that a release build refuses.
 */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif

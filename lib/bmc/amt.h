/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * AMT's host interface: what a machine asks its own management engine, as the
 * messages of the MEI client 12f80028-b4b7-4b2d-aca8-46e0ff65814c (Intel's AMT
 * Implementation and Reference Guide; Linux, samples/mei). Pure.
 */

#include <stddef.h>
#include <stdint.h>

#define AMT_REQUEST_SIZE 12
#define AMT_ANSWER_MAX   4096 /* versions: 85 bytes and 44 for each of at most 50 */
#define AMT_TEXT_SIZE    21   /* 20 characters, and the NUL */

/* Little endian in its first three fields, as the driver wants it. */
extern const uint8_t amt_client[16];

enum amt_question {
        AMT_CODE_VERSIONS = 0x0400001a,
        AMT_PROVISIONING_STATE = 0x04000011,
};

void amt_ask(uint8_t to[static AMT_REQUEST_SIZE], enum amt_question question);

/* "" is what it does not tell. */
struct amt_versions {
        char amt[AMT_TEXT_SIZE], build[AMT_TEXT_SIZE], sku[AMT_TEXT_SIZE];
};

/**
 * amt_versions_parse() - the answer to AMT_CODE_VERSIONS
 *
 * Return: 0.
 *         -EREMOTEIO: the engine refuses; its status is not 0.
 *         -EBADMSG: it is no such answer, or contradicts itself.
 */
int amt_versions_parse(const void *answer, size_t size, struct amt_versions *ret);

/* The answer to AMT_PROVISIONING_STATE; "none", "in-progress", "done". The same errors. */
int amt_state_parse(const void *answer, size_t size, const char **ret);

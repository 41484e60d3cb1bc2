// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON, by json-c.
 *
 * What it can't allocate ends the program: a result that lacks a member would
 * be believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gortctl.h"

static void no_memory(void)
{
	wrong("no memory for the output");
	exit(EXIT_WRONG);
}

void json_add(struct json_object *o, const char *key, struct json_object *val)
{
	if (!o || !val || json_object_object_add(o, key, val))
		no_memory();
}

void json_append(struct json_object *list, struct json_object *val)
{
	if (!list || !val || json_object_array_add(list, val))
		no_memory();
}

void json_num(struct json_object *o, const char *key, __u64 val)
{
	json_add(o, key, json_object_new_uint64(val));
}

void json_text(struct json_object *o, const char *key, const char *text,
	       size_t max)
{
	json_add(o, key, json_object_new_string_len(text, strnlen(text, max)));
}

void json_print(struct json_object *o, bool one_line)
{
	const char *text = json_object_to_json_string_ext(o, one_line ?
		JSON_C_TO_STRING_PLAIN :
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		no_memory();
	puts(text);
	json_object_put(o);
}

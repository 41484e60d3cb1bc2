// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_get KEY...: for tests. Reads JSON from stdin, fails if it is none or
 * anything is behind it, and prints what is at these keys, an array's by
 * number; "#" is its length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

static struct json_object *step(struct json_object *o, const char *key)
{
	if (!json_object_is_type(o, json_type_array))
		return json_object_object_get(o, key);
	if (!strcmp(key, "#"))
		return json_object_new_uint64(json_object_array_length(o));
	return json_object_array_get_idx(o, atoi(key));
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	size_t len = fread(text, 1, sizeof(text) - 1, stdin);
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o;
	int i;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, len + 1);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) < len) {
		fprintf(stderr, "not JSON: %s\n",
			json_tokener_error_desc(json_tokener_get_error(tok)));
		return 1;
	}
	for (i = 1; i < argc && o; i++)
		o = step(o, argv[i]);
	if (!o) {
		fprintf(stderr, "no such key\n");
		return 1;
	}
	puts(json_object_get_string(o));
	return 0;
}

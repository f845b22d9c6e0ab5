/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor OBJECT BINARY [ARGS...]: runs BINARY with the empty program of OBJECT on the very instructions escaudit would
 * probe. floor --arm N OBJECT BINARY: times attaching and detaching N probes and prints both in milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/memory.h"
#include "probe/attach.h"
#include "probe/entries.h"
#include "probe/launch.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "floor: %s\n", err->text);
	return 2;
}

int main(int argc, char **argv)
{
	size_t extra = 0, n = 0;
	struct error err = ERROR_INIT;
	struct alloc_entries entries;
	struct attachment *attachment;
	struct elf_image *image;
	struct go_binary *bin;
	struct bpf_program *program;
	struct bpf_object *object;
	enum attach_method method = attach_method_detect(false);
	struct launch launch;
	elf_offset *offsets;
	double start, armed;
	int status;

	if (argc > 3 && strcmp(argv[1], "--arm") == 0) {
		extra = strtoul(argv[2], NULL, 10);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: floor [--arm N] OBJECT BINARY [ARGS...]\n");
		return 64;
	}
	object = bpf_object__open(argv[1]);
	program = object ? bpf_object__find_program_by_name(object, "empty") : NULL;
	if (!program)
		return 2;
	attach_prepare(program, method);
	if (bpf_object__load(object) || elf_image_open(&image, argv[2], &err) || go_binary_open(&bin, image, &err) ||
	    alloc_entries_find(&entries, bin, &err))
		return fail(&err);
	/* For --arm, as many function entries as asked for. */
	offsets = xcalloc(entries.n + extra, sizeof(*offsets));
	for (size_t i = 0; i < entries.n; i++)
		offsets[n++] = entries.items[i].offset;
	for (size_t i = 0; n < extra && i < go_binary_func_count(bin); i += 7) {
		struct go_func func;

		if (go_binary_func(bin, i, &func) && elf_image_vaddr_to_offset(image, func.entry, &offsets[n]))
			n++;
	}
	if (extra) {
		start = now_ms();
		if (attachment_new(&attachment, method, program, NULL, elf_image_fd(image), 0, offsets, NULL, extra,
				   &err))
			return fail(&err);
		armed = now_ms();
		attachment_free(attachment);
		printf("%.2f %.2f\n", armed - start, now_ms() - armed);
		return 0;
	}
	if (launch_start(&launch, argv[2], argv + 2, 0, &err) ||
	    attachment_new(&attachment, method, program, NULL, elf_image_fd(image), launch.pid, offsets, NULL, n,
			   &err) ||
	    launch_release(&launch, &err))
		return fail(&err);
	status = launch_reap(&launch);
	attachment_free(attachment);
	return status;
}

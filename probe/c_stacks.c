/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and places are those of crosscall2 and runtime.cgocallback (runtime/asm_amd64.s, runtime/cgo/asm_amd64.s,
 * runtime/cgo/abi_amd64.h). Words from the frame of cgocallback on:
 *
 *	0 three words of its own, 3 saved RBP, 4 return address into crosscall2, 5 to 7 arguments,
 *	8 to 12 C's RBX, R12, R13, R14, R15, 13 C's RBP, 14 return address into C
 *
 * From Go 1.22 on crosscall2 has a frame record of its own between 12 and 13.
 */
#include "probe/c_stacks.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/u64map.h"
#include "symbolize/c_files.h"
#include "unwind/c_process.h"
#include "unwind/c_unwind.h"
#include "unwind/mmap_events.h"

/* Copies whose stack has not come. A stack's own come right before it, and those of other CPUs' between them. */
#define COPIES_MAX    16384
#define PROCESSES_MAX 64
/* Of a process that runs already, and whose C code calls Go, the maps are read all the time: a hundredth of it. */
#define MAPS_SHARE  100
#define SPLICED_MAX (STACK_DEPTH_MAX + C_STACKS_MAX * (C_UNWIND_MAX + 3))

enum { WORD_RET_CROSSCALL2 = 4, WORD_RBX = 8, WORD_R12, WORD_R13, WORD_R14, WORD_R15, WORD_RBP };

struct kept_copy {
	struct stack_id id;
	struct c_copy copy; /* bytes are owned */
	pid_t pid;
};

struct watched {
	pid_t pid; /* as the copy says */
	struct c_process *process;
};

struct c_stacks {
	const struct go_binary *bin;
	struct c_files *files;
	int rbp_word;			    /* 0: not known of this binary */
	struct c_range go[1 + PLUGINS_MAX]; /* vaddrs: the program's text, and of plugins */
	size_t n_go;
	pid_t pid;
	struct mmap_events *events; /* NULL for none */
	struct watched processes[PROCESSES_MAX];
	size_t n_processes;
	struct kept_copy *copies; /* in the order they came */
	size_t n_copies, alloc_copies;
	struct raw_c_frame *frames;
	size_t n_frames, alloc_frames;
	struct u64map frame_of; /* file and address, mixed, or derived -> frame */
	bool is_fresh;		/* the maps have been read since the last refresh */
	uint64_t due;		/* when they are read again; of CLOCK_MONOTONIC */
	bool came;		/* copies came since then */
	bool has_told;		/* where C code lies, or that nobody can */
	uint64_t pcs[SPLICED_MAX];
};

/* Where crosscall2 keeps C's frame pointer, by its first instruction. */
static int find_rbp_word(const struct go_binary *bin)
{
	static const uint8_t push_rbp[] = {0x55}, sub_48[] = {0x48, 0x83, 0xec, 0x30};
	struct go_func crosscall2;
	uint8_t code[4];

	if (!go_binary_func_named(bin, "crosscall2", &crosscall2) ||
	    !elf_image_read(go_binary_image(bin), crosscall2.entry, code, sizeof(code)))
		return 0;
	if (memcmp(code, push_rbp, sizeof(push_rbp)) == 0)
		return WORD_RBP + 1;
	return memcmp(code, sub_48, sizeof(sub_48)) == 0 ? WORD_RBP : 0;
}

struct c_stacks *c_stacks_new(const struct go_binary *bin)
{
	struct c_stacks *s = xcalloc(1, sizeof(*s));

	s->bin = bin;
	s->files = c_files_new();
	if (bin)
		c_stacks_add_plugin(s, bin, 0);
	return s;
}

void c_stacks_add_plugin(struct c_stacks *s, const struct go_binary *bin, uint64_t displacement)
{
	elf_vaddr start, end;

	if (s->n_go == ARRAY_SIZE(s->go))
		return;
	/* All of one program are of one Go. */
	if (!s->rbp_word)
		s->rbp_word = find_rbp_word(bin);
	go_binary_text(bin, &start, &end);
	s->go[s->n_go++] = (struct c_range){start + displacement, end + displacement};
}

void c_stacks_free(struct c_stacks *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_processes; i++)
		c_process_free(s->processes[i].process);
	for (size_t i = 0; i < s->n_copies; i++)
		free((void *)(uintptr_t)s->copies[i].copy.bytes);
	mmap_events_free(s->events);
	c_files_free(s->files);
	free(s->copies);
	free(s->frames);
	u64map_release(&s->frame_of);
	free(s);
}

bool c_stacks_take_copy(struct c_stacks *s, const void *data, size_t size)
{
	const struct c_copy_record *record = data;
	struct kept_copy *kept;
	uint8_t *bytes;

	if (size != sizeof(*record))
		return false;
	if (s->n_copies == COPIES_MAX) {
		free((void *)(uintptr_t)s->copies[0].copy.bytes);
		memmove(s->copies, s->copies + 1, --s->n_copies * sizeof(*s->copies));
	}
	bytes = xcalloc(1, sizeof(record->bytes));
	memcpy(bytes, record->bytes, sizeof(record->bytes));
	ARRAY_GROW(s->copies, s->n_copies + 1, s->alloc_copies);
	kept = &s->copies[s->n_copies++];
	*kept = (struct kept_copy){
		.id = record->id, .copy = {record->address, bytes, sizeof(record->bytes)}, .pid = (pid_t)record->pid};
	s->came = true;
	return true;
}

static bool same_id(const struct stack_id *a, const struct stack_id *b)
{
	return a->hash == b->hash && a->check == b->check;
}

void c_stacks_drop(struct c_stacks *s, const struct stack_id *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_copies; i++) {
		if (same_id(&s->copies[i].id, id))
			free((void *)(uintptr_t)s->copies[i].copy.bytes);
		else
			s->copies[kept++] = s->copies[i];
	}
	s->n_copies = kept;
}

/* What one word of the copies holds. */
static bool read_word(const struct c_copy *copies, size_t n, uint64_t address, uint64_t *out)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t offset = address - copies[i].address;

		if (offset <= copies[i].size - sizeof(*out)) {
			memcpy(out, copies[i].bytes + offset, sizeof(*out));
			return true;
		}
	}
	return false;
}

/* The registers as they were when C called crosscall2, and the return address into that. */
static bool read_registers(const struct c_stacks *s, const struct c_copy *copies, size_t n, uint64_t start,
			   struct c_registers *out, uint64_t *crosscall2)
{
	uint64_t *const places[] = {&out->rbx, &out->r12, &out->r13, &out->r14, &out->r15};
	uint64_t rbp = start + 8 * (uint64_t)s->rbp_word;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!read_word(copies, n, start + 8 * (WORD_RBX + i), places[i]))
			return false;
	}
	out->rsp = rbp + 16;
	return read_word(copies, n, start + 8 * WORD_RET_CROSSCALL2, crosscall2) &&
	       read_word(copies, n, rbp, &out->rbp) && read_word(copies, n, rbp + 8, &out->rip);
}

static uint64_t intern_frame(struct c_stacks *s, const struct raw_c_frame *frame)
{
	uint64_t key = u64_mix(frame->ret, frame->cut ? (uintptr_t)frame->cut : frame->file);
	uint64_t *index;
	bool is_new;

	for (;; key = u64_mix(key, 1)) {
		const struct raw_c_frame *known;

		index = u64map_at(&s->frame_of, key, &is_new);
		if (is_new)
			break;
		known = &s->frames[*index];
		if (known->file == frame->file && known->ret == frame->ret && known->cut == frame->cut)
			return RAW_PC_C | *index;
	}
	*index = s->n_frames;
	ARRAY_GROW(s->frames, s->n_frames + 1, s->alloc_frames);
	s->frames[s->n_frames++] = *frame;
	return RAW_PC_C | (s->n_frames - 1);
}

static uint64_t cut(struct c_stacks *s, const char *why)
{
	return intern_frame(s, &(struct raw_c_frame){.cut = why});
}

static void learn_maps(struct c_stacks *s)
{
	uint64_t begun = clock_now_ns();

	for (size_t i = 0; i < s->n_processes; i++) {
		if (s->events)
			mmap_events_drain(s->events, s->processes[i].process);
		c_process_refresh(s->processes[i].process);
	}
	s->is_fresh = true;
	s->due = clock_now_ns() + MAPS_SHARE * (clock_now_ns() - begun);
}

static struct c_process *process_of(struct c_stacks *s, pid_t pid)
{
	struct c_process *process = NULL;
	struct error err = ERROR_INIT; /* for a reader, a stack that is cut is enough */

	/* The one that is watched is called by our own name for it, which may be another than the kernel's. */
	pid = s->pid ? s->pid : pid;
	for (size_t i = 0; i < s->n_processes; i++) {
		if (s->processes[i].pid == pid)
			return s->processes[i].process;
	}
	if (s->n_processes == PROCESSES_MAX)
		return NULL;
	if (c_process_new(&process, pid, s->files, &err)) {
		error_release(&err);
		return NULL;
	}
	s->processes[s->n_processes++] = (struct watched){pid, process};
	s->has_told = false;
	learn_maps(s);
	return process;
}

void c_stacks_watch(struct c_stacks *s, pid_t pid, bool is_launch)
{
	s->pid = pid;
	if (!pid || !s->rbp_word)
		return;
	if (!is_launch) {
		s->came = process_of(s, pid) != NULL;
		return;
	}
	/* Before the program runs: it may be over when its first stack comes. Where there are no such events, only a
	 * program that runs for a while has its C frames. */
	mmap_events_open(&s->events, pid);
	process_of(s, pid);
	s->is_fresh = false; /* what was read is our own */
}

/* Appends the frames between two stretches of Go, or above the only one. Returns how many. */
static uint32_t unwind(struct c_stacks *s, const struct stack_record *record, uint64_t start, bool is_last,
		       uint64_t *pcs, bool *lacks_copy)
{
	struct c_copy copies[(C_STACK_BYTES / C_COPY_BYTES + 1) * C_STACKS_MAX];
	struct c_frame frames[C_UNWIND_MAX];
	struct c_range go[ARRAY_SIZE(s->go)];
	struct c_registers registers;
	struct c_process *process;
	uint64_t crosscall2, go_ret = 0;
	size_t n_copies = 0, n_frames;
	enum c_end end;
	uint32_t n = 0;
	pid_t pid = 0;

	for (size_t i = 0; i < s->n_copies && n_copies < ARRAY_SIZE(copies); i++) {
		if (same_id(&s->copies[i].id, &record->id)) {
			copies[n_copies++] = s->copies[i].copy;
			pid = s->copies[i].pid;
		}
	}
	if (!s->rbp_word)
		return pcs[0] = cut(s, "this Go's way from C is not known"), 1;
	if (!read_registers(s, copies, n_copies, start, &registers, &crosscall2)) {
		*lacks_copy = true;
		return pcs[0] = cut(s, "the C stack could not be copied"), 1;
	}
	pcs[n++] = crosscall2 - record->bias;
	process = process_of(s, pid);
	if (!process)
		return pcs[n++] = cut(s, "what the process has mapped could not be read"), n;
	for (size_t i = 0; i < s->n_go; i++)
		go[i] = (struct c_range){s->go[i].start + record->bias, s->go[i].end + record->bias};
	for (bool again = true;; again = false) {
		n_frames = c_unwind(process, &registers, copies, n_copies, go, s->n_go, frames, C_UNWIND_MAX, &end,
				    &go_ret);
		if (end != C_END_NO_FILE || !again || s->is_fresh)
			break;
		learn_maps(s);
	}
	for (size_t i = 0; i < n_frames; i++)
		pcs[n++] = intern_frame(s, &(struct raw_c_frame){.file = frames[i].file, .ret = frames[i].ret});
	if (end == C_END_GO)
		pcs[n++] = go_ret - record->bias;
	else if (end != C_END_OUTERMOST || !is_last)
		pcs[n++] = cut(s, c_end_text(end));
	return n;
}

void c_stacks_splice(struct c_stacks *s, const struct stack_record *record, struct c_spliced *out)
{
	uint32_t depth = 0, n_stretches = 0;

	*out = (struct c_spliced){.pcs = s->pcs};
	for (uint32_t i = 0; i < record->depth; i++) {
		uint64_t pc = record->pcs[i];

		if (!pc) /* C code that is in nobody's way */
			continue;
		if (!(pc & STACK_PC_C)) {
			s->pcs[depth++] = pc;
			continue;
		}
		out->has_c = true;
		if (n_stretches++ < C_STACKS_MAX)
			depth += unwind(s, record, pc & ~STACK_PC_C, i + 1 == record->depth, s->pcs + depth,
					&out->lacks_copy);
		else
			s->pcs[depth++] = cut(s, "more changes between Go and C than are copied");
	}
	out->depth = depth;
	if (out->has_c)
		c_stacks_drop(s, &record->id);
}

void c_stacks_refresh(struct c_stacks *s, struct c_code *code)
{
	struct c_code fresh = {.epoch = 0};
	struct c_range ranges[PROCESSES_MAX * C_TEXT_RANGES];
	size_t n = 0;

	/* Until the first copy comes, C code has not called Go, and nobody needs to know. */
	if (!s->came && !(s->has_told && (s->events || clock_now_ns() >= s->due)))
		return;
	if (s->events && !s->came && s->n_processes)
		mmap_events_drain(s->events, s->processes[0].process);
	else if (!s->is_fresh)
		learn_maps(s);
	s->came = s->is_fresh = false;
	s->has_told = true;
	/* Others may be anywhere. */
	if (s->n_processes == PROCESSES_MAX)
		return;
	for (size_t i = 0; i < s->n_processes; i++) {
		n += c_process_text_ranges(s->processes[i].process, ranges + n, C_TEXT_RANGES);
		fresh.epoch += c_process_replaced(s->processes[i].process);
	}
	n = c_ranges_merge(ranges, n, C_TEXT_RANGES);
	for (size_t i = 0; i < n; i++)
		fresh.text[i].start = ranges[i].start, fresh.text[i].size = ranges[i].end - ranges[i].start;
	if (n && memcmp(&fresh, code, sizeof(fresh)) != 0)
		memcpy(code, &fresh, sizeof(fresh));
}

void c_stacks_tell_first(struct c_stacks *s, struct c_code *code)
{
	if (!s->has_told)
		c_stacks_refresh(s, code);
}

void c_stacks_lend(const struct c_stacks *s, struct raw_capture *raw)
{
	raw->c_frames = s->frames;
	raw->n_c_frames = s->n_frames;
	raw->c_files = s->files;
}

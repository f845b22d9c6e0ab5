/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libunwind asks for three things: a register, a word of memory, and the unwind information of an address. Registers
 * are those given, memory is the copied pages. Of unwind information it is given the one entry that unwind/cfi.h has
 * checked and written anew, as a table with one row, at an address that no process has (TABLE_AT).
 *
 * What it does by itself where it finds nothing, guessing by frame pointers and by code that looks like a trampoline,
 * is never reached: it does so on -UNW_ENOINFO only.
 */
#include "unwind/c_unwind.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "unwind/c_process_internal.h"

/* Not canonical on x86-64. Here is the row of the table, two numbers of 4 bytes, and behind it the entry. */
#define TABLE_AT  0x7a00000000000000ull
#define ROW_BYTES 8
/* A frame takes some hundred. */
#define MAX_READS 200000

/* Exported, in no header. The same in 1.6 and 1.8. */
int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di, unw_proc_info_t *pi,
				       int need_unwind_info, void *arg);

struct walk {
	struct c_process *process;
	const struct c_registers *registers;
	const struct c_copy *copies;
	size_t n_copies;
	const struct c_copy *last_copy;
	const struct cfi_entry *entry; /* of the frame that is stepped from */
	bool failed;
	enum c_end reason; /* where it failed */
	unsigned reads;
};

static int fail(struct walk *w, enum c_end reason)
{
	/* The first says why; what follows from it says less. */
	if (!w->failed)
		w->reason = reason;
	w->failed = true;
	return -UNW_EINVAL;
}

/* Bytes of one copy, at most size; 0 where nothing was copied. */
static size_t read_copy(struct walk *w, uint64_t address, void *out, size_t size)
{
	const struct c_copy *copy = w->last_copy;

	if (!copy || address - copy->address >= copy->size) {
		for (copy = w->copies; copy < w->copies + w->n_copies; copy++) {
			if (address - copy->address < copy->size)
				break;
		}
		if (copy == w->copies + w->n_copies)
			return 0;
		w->last_copy = copy;
	}
	if (size > copy->size - (address - copy->address))
		size = copy->size - (address - copy->address);
	memcpy(out, copy->bytes + (address - copy->address), size);
	return size;
}

static int read_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int is_write, void *arg)
{
	struct walk *w = arg;
	uint64_t into = address - TABLE_AT - ROW_BYTES;
	size_t n;

	(void)space;
	if (is_write || ++w->reads > MAX_READS)
		return fail(w, C_END_BAD_TABLE);
	if (w->entry && address - TABLE_AT < ROW_BYTES + w->entry->size) {
		if (address == TABLE_AT)
			*value = (uint64_t)(ROW_BYTES + w->entry->fde) << 32;
		else if (into <= w->entry->size - sizeof(*value))
			memcpy(value, w->entry->bytes + into, sizeof(*value));
		else
			return fail(w, C_END_BAD_TABLE);
		return 0;
	}
	n = read_copy(w, address, value, sizeof(*value));
	if (n && n < sizeof(*value))
		n += read_copy(w, address + n, (char *)value + n, sizeof(*value) - n);
	return n == sizeof(*value) ? 0 : fail(w, C_END_COPY);
}

static int read_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int is_write, void *arg)
{
	struct walk *w = arg;

	(void)space;
	if (is_write)
		return fail(w, C_END_BAD_TABLE);
	switch (number) {
	case UNW_X86_64_RIP:
		/* The first frame is looked up as one that was interrupted there: within the call, not behind it. */
		*value = w->registers->rip - 1;
		return 0;
	case UNW_X86_64_RSP:
		*value = w->registers->rsp;
		return 0;
	case UNW_X86_64_RBP:
		*value = w->registers->rbp;
		return 0;
	case UNW_X86_64_RBX:
		*value = w->registers->rbx;
		return 0;
	case UNW_X86_64_R12:
		*value = w->registers->r12;
		return 0;
	case UNW_X86_64_R13:
		*value = w->registers->r13;
		return 0;
	case UNW_X86_64_R14:
		*value = w->registers->r14;
		return 0;
	case UNW_X86_64_R15:
		*value = w->registers->r15;
		return 0;
	}
	/* One that a call destroys. */
	return fail(w, C_END_BAD_TABLE);
}

static int find_entry(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need_info, void *arg)
{
	struct walk *w = arg;
	const struct c_mapping *m = c_process_mapping(w->process, ip);
	struct cfi_table *table;
	struct cfi_entry *entry;
	unw_dyn_info_t dyn;
	uint64_t start;

	w->entry = NULL;
	if (!m || m->file == C_NO_FILE)
		return fail(w, C_END_NO_FILE);
	table = c_process_table(w->process, m->file);
	if (!table)
		return fail(w, C_END_NO_TABLE);
	switch (cfi_table_find(table, ip - m->bias, &entry)) {
	case CFI_NONE:
		return fail(w, C_END_NO_TABLE);
	case CFI_BAD:
		return fail(w, C_END_BAD_TABLE);
	case CFI_FOUND:
		break;
	}
	w->entry = entry;
	start = entry->start + m->bias;
	memcpy(entry->bytes + entry->start_at, &start, sizeof(start));
	memset(&dyn, 0, sizeof(dyn));
	/* The row is relative to start_ip, and the address of the entry in it to segbase. */
	dyn.format = UNW_INFO_FORMAT_IP_OFFSET;
	dyn.start_ip = start;
	dyn.end_ip = start + entry->range;
	dyn.u.rti.segbase = TABLE_AT;
	dyn.u.rti.table_data = TABLE_AT;
	dyn.u.rti.table_len = ROW_BYTES / sizeof(unw_word_t);
	return _Ux86_64_dwarf_search_unwind_table(space, ip, &dyn, info, need_info, arg) < 0 ? fail(w, C_END_BAD_TABLE)
											     : 0;
}

static void put_info(unw_addr_space_t space, unw_proc_info_t *info, void *arg)
{
	(void)space;
	(void)info;
	(void)arg;
}

static int no_dynamic_list(unw_addr_space_t space, unw_word_t *list, void *arg)
{
	(void)space;
	(void)list;
	(void)arg;
	return -UNW_ENOINFO;
}

static int no_vector(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int is_write, void *arg)
{
	(void)space;
	(void)number;
	(void)value;
	(void)is_write;
	(void)arg;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg)
{
	(void)space;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size, unw_word_t *offset, void *arg)
{
	(void)space;
	(void)address;
	(void)name;
	(void)size;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_entry,
	.put_unwind_info = put_info,
	.get_dyn_info_list_addr = no_dynamic_list,
	.access_mem = read_memory,
	.access_reg = read_register,
	.access_fpreg = no_vector,
	.resume = no_resume,
	.get_proc_name = no_name,
};

/* A frame in full: where it is and where its stack begins. */
struct place {
	uint64_t ip, sp;
};

static bool was_there(const struct place *places, size_t n, struct place place)
{
	for (size_t i = 0; i < n; i++) {
		if (places[i].ip == place.ip && places[i].sp == place.sp)
			return true;
	}
	return false;
}

static bool is_in(uint64_t address, const struct c_range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (address >= ranges[i].start && address < ranges[i].end)
			return true;
	}
	return false;
}

/* From one frame to its caller. false: there is none, *end says why. */
static bool step(struct walk *w, unw_cursor_t *cursor, struct place *place, bool *is_exact, enum c_end *end)
{
	unw_word_t ip, sp;
	int ret = unw_step(cursor);

	if (w->failed || ret < 0) {
		/* What libunwind itself says no to is a frame that is its own caller, or nonsense. */
		*end = w->failed ? w->reason : ret == -UNW_EBADFRAME ? C_END_LOOP : C_END_BAD_TABLE;
		return false;
	}
	*end = C_END_OUTERMOST;
	if (ret == 0 || unw_get_reg(cursor, UNW_REG_IP, &ip) || unw_get_reg(cursor, UNW_REG_SP, &sp))
		return false;
	*is_exact = w->entry->is_signal;
	*place = (struct place){.ip = ip, .sp = sp};
	return true;
}

size_t c_unwind(struct c_process *process, const struct c_registers *registers, const struct c_copy *copies,
		size_t n_copies, const struct c_range *go, size_t n_go, struct c_frame *frames, size_t max,
		enum c_end *end, uint64_t *go_ret)
{
	struct walk w = {.process = process, .registers = registers, .copies = copies, .n_copies = n_copies};
	struct place here = {.ip = registers->rip, .sp = registers->rsp}, places[C_UNWIND_MAX];
	unw_addr_space_t space = c_process_space(process, &accessors);
	bool is_exact = false;
	unw_cursor_t cursor;
	size_t n = 0;

	*end = C_END_NO_TABLE;
	if (!space || unw_init_remote(&cursor, space, &w) < 0)
		return 0;
	/* A stack lies where files were mapped before: what is known of there is out of date. */
	for (size_t i = 0; i < n_copies; i++)
		c_process_remove(process, copies[i].address, copies[i].address + copies[i].size);
	for (;;) {
		uint64_t code = is_exact ? here.ip : here.ip - 1;
		const struct c_mapping *m;

		*end = C_END_OUTERMOST;
		if (here.ip == 0)
			break;
		*end = C_END_GO;
		if (is_in(here.ip, go, n_go)) {
			*go_ret = here.ip;
			break;
		}
		*end = C_END_LOOP;
		if (was_there(places, n, here))
			break;
		*end = C_END_DEEP;
		if (n == max || n == C_UNWIND_MAX)
			break;
		m = c_process_mapping(process, code);
		*end = C_END_NO_FILE;
		if (!m || m->file == C_NO_FILE)
			break;
		places[n] = here;
		frames[n++] = (struct c_frame){.file = m->file, .ret = code + 1 - m->bias};
		if (!step(&w, &cursor, &here, &is_exact, end))
			break;
		/* Nobody called it: the return address of a signal's handler is its first instruction. */
		if (is_exact)
			frames[n - 1].ret = places[n - 1].ip + 1 - m->bias;
	}
	return n;
}

const char *c_end_text(enum c_end end)
{
	static const char *const texts[] = {
		[C_END_GO] = "Go",
		[C_END_OUTERMOST] = "the start of the thread",
		[C_END_COPY] = "more stack than was copied, or another one",
		[C_END_NO_FILE] = "code without a file",
		[C_END_NO_TABLE] = "no unwind tables",
		[C_END_BAD_TABLE] = "damaged unwind tables",
		[C_END_LOOP] = "a frame that is its own caller",
		[C_END_DEEP] = "too many frames",
	};

	return end < ARRAY_SIZE(texts) ? texts[end] : "unknown";
}

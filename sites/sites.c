/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two linear sweeps over the text. Go functions hold no data between instructions (jump tables lie in read-only data),
 * so decoding from each function's entry to the next stays in step. Only lengths, calls and jumps are decoded on the
 * way; operands are decoded again, backwards from a call, for the few instructions that load its arguments, and
 * forwards for what a new closure is filled with.
 *
 * The first sweep is over the runtime, and finds which of its functions can reach the allocator, by calls, jumps and by
 * taking another function's address (systemstack is handed what it shall run). A call from outside to any of these is a
 * site. Not followed are the runtime's own work, panics and the like: see go_runtime_aside. The functions that
 * go_runtime_callee knows are sites whether or not this sweep finds a way.
 */
#include "sites/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/memory.h"
#include "base/u64map.h"

#define MAX_FRAMES  64
#define LOOK_BACK   32	      /* instructions before a call that are searched for its arguments */
#define LOOK_AHEAD  16	      /* instructions behind it that are searched for what the object is filled with */
#define KEEP_BYTES  (1 << 19) /* code read before the memory of what it took is given back */
#define MAX_RENAMES 4	      /* register-to-register moves followed */

/* A function of the runtime that may allocate. */
struct callee {
	const char *name;
	const struct callee_info *info;
};

struct site_decoder {
	const struct go_binary *bin;
	struct symbolizer *sym;
	struct recording *rec; /* that sites are added to at present */
	struct sites_stats stats;
	ZydisDecoder quick; /* lengths and branch targets only */
	ZydisDecoder full;
	struct u64map callees; /* entry vaddr -> index into callee_list */
	struct callee *callee_list;
	size_t n_callees, alloc_callees;
	/* the function at hand */
	const uint8_t *code;
	size_t size;
	elf_vaddr entry;
	uint32_t *starts; /* offsets of its instructions so far */
	size_t n_starts, alloc_starts;
	uint64_t calls;		   /* the number of its calls so far */
	uint64_t indirect;	   /* stands for a callee that is in a register or in memory */
	struct u64map call_number; /* entry vaddr of a callee -> its number, 0 for those that do not count */
	uint8_t *is_target;	   /* one bit a byte: some jump lands here */
	size_t alloc_target;
	struct u64map extents; /* function name and file, as pointers, mixed -> first extent of that key + 1 */
	const char *func_file; /* of the function at hand, and the line of its func keyword; 0 if unknown */
	int func_line;
};

/* One function of the runtime, and one way from it to another. */
struct node {
	elf_vaddr entry, end;
	size_t index; /* among the binary's functions */
	bool allocates;
	bool is_aside;
	uint32_t first_caller; /* + 1, into edges */
};

struct edge {
	uint32_t caller;
	uint32_t next; /* + 1: of those with the same callee */
};

struct reach_sweep {
	const struct go_binary *bin;
	ZydisDecoder *decoder;
	struct node *nodes;
	size_t n_nodes, alloc_nodes;
	struct edge *edges;
	size_t n_edges, alloc_edges;
	struct u64map node_at; /* entry vaddr -> node */
};

static void mark_target(struct site_decoder *sw, uint64_t offset)
{
	if (offset < sw->size)
		sw->is_target[offset / 8] |= (uint8_t)(1u << (offset % 8));
}

static bool is_target(const struct site_decoder *sw, uint32_t offset)
{
	return sw->is_target[offset / 8] >> (offset % 8) & 1;
}

struct constant {
	bool known;
	bool is_address; /* formed by lea: a vaddr */
	bool on_stack;	 /* not known, but an address in the frame */
	uint64_t value;
};

/*
 * The value of reg before the call at instruction `call` of the function, where the straight-line code before it makes
 * it a constant. Stops at a place some earlier jump lands on: the value may differ by path. Jumps from behind need no
 * care, since the call itself clobbers every register.
 */
static struct constant constant_before(const struct site_decoder *sw, size_t call, ZydisRegister reg)
{
	struct constant none = {.known = false};
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	int renames = 0;

	for (size_t back = 1; back <= LOOK_BACK && back <= call; back++) {
		uint32_t at = sw->starts[call - back];

		if (is_target(sw, sw->starts[call - back + 1]))
			return none;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&sw->full, sw->code + at, sw->size - at, &insn, ops)))
			return none;
		if (insn.meta.category == ZYDIS_CATEGORY_CALL || insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
		    insn.meta.category == ZYDIS_CATEGORY_RET)
			return none;
		for (int i = 0; i < insn.operand_count; i++) {
			if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
			    !(ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) ||
			    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, ops[i].reg.value) != reg)
				continue;
			if (i != 0)
				return none;
			if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RIP &&
			    ops[1].mem.index == ZYDIS_REGISTER_NONE)
				return (struct constant){.known = true,
							 .is_address = true,
							 .value = sw->entry + at + insn.length +
								  (uint64_t)ops[1].mem.disp.value};
			if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RSP)
				return (struct constant){.on_stack = true};
			if (insn.mnemonic == ZYDIS_MNEMONIC_XOR && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[1].reg.value == ops[0].reg.value)
				return (struct constant){.known = true};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			    ops[0].size >= 32)
				return (struct constant){.known = true,
							 .value = ops[0].size == 32 ? (uint32_t)ops[1].imm.value.u
										    : ops[1].imm.value.u};
			if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			    ops[0].size == 64 && renames++ < MAX_RENAMES) {
				reg = ops[1].reg.value;
				break;
			}
			return none;
		}
	}
	return none;
}

static bool site_type(struct site_decoder *sw, struct rec_site *site, struct constant c, struct go_type *type)
{
	if (!c.known || !c.is_address || !go_binary_type(sw->bin, c.value, type))
		return false;
	site->type = strpool_add(sw->rec->pool, type->name);
	site->type_size = type->size;
	return true;
}

/*
 * Functions that are handed room on the stack where the result does not escape, and nil where it does: the string
 * functions take a buffer first, makemap a header third.
 */
static void read_room(struct site_decoder *sw, struct rec_site *site, const struct callee_info *info, size_t call)
{
	struct constant room;

	if (info->room_arg == CALLEE_ROOM_NONE)
		return;
	room = constant_before(sw, call, info->room_arg == CALLEE_ROOM_AX ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_RCX);
	if (room.known && !room.is_address && room.value == 0)
		site->room = SITE_ROOM_NONE;
	else if (room.on_stack)
		site->room = SITE_ROOM_STACK;
}

static void read_arguments(struct site_decoder *sw, struct rec_site *site, const struct callee_info *info, size_t call)
{
	struct go_type type;
	struct constant c, size;
	bool typed = false;

	read_room(sw, site, info, call);
	switch (info->type_arg) {
	case CALLEE_TYPE_NONE:
		return;
	case CALLEE_TYPE_AX:
		typed = site_type(sw, site, constant_before(sw, call, ZYDIS_REGISTER_RAX), &type);
		if (typed && !info->is_element)
			site->size = type.size;
		/* makeslice(elem, len, cap) */
		size = constant_before(sw, call, ZYDIS_REGISTER_RCX);
		if (typed && info->is_element && size.known && !size.is_address &&
		    strncmp(site->callee, "runtime.makeslice", 17) == 0 &&
		    !__builtin_mul_overflow(size.value, type.size, &site->size) && site->size)
			site->may_elide = false;
		break;
	case CALLEE_TYPE_BX:
		size = constant_before(sw, call, ZYDIS_REGISTER_RAX);
		if (size.known && !size.is_address) {
			site->size = size.value;
			site->may_elide = size.value == 0;
		}
		c = constant_before(sw, call, ZYDIS_REGISTER_RBX);
		typed = site_type(sw, site, c, &type);
		if (c.known && c.value == 0) {
			/* No type: variables merged into one block (zeroed) or make and copy in one step (not zeroed).
			 */
			struct constant zero = constant_before(sw, call, ZYDIS_REGISTER_RCX);

			typed = true;
			if (!zero.known || zero.value == 0)
				site->cause = CAUSE_MAKE_SLICE;
		}
		break;
	case CALLEE_TYPE_GROW:
		typed = site_type(
			sw, site,
			constant_before(sw, call,
					go_binary_minor(sw->bin) < 20 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_RSI),
			&type);
		break;
	case CALLEE_TYPE_MAP:
	case CALLEE_TYPE_CHAN:
		typed = site_type(sw, site, constant_before(sw, call, ZYDIS_REGISTER_RAX), &type);
		break;
	}
	if (!typed)
		sw->stats.without_type++;
}

/*
 * The function of the closure that the object made by the call before `after` becomes: its address is the first word
 * stored into it. NULL if the next instructions do not show it.
 */
static const char *closure_function(const struct site_decoder *sw, size_t after)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisRegister object = ZYDIS_REGISTER_RAX, held = ZYDIS_REGISTER_NONE;
	elf_vaddr address = 0;

	for (size_t at = after, i = 0; i < LOOK_AHEAD && at < sw->size; i++, at += insn.length) {
		struct go_func func;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&sw->full, sw->code + at, sw->size - at, &insn, ops)))
			return NULL;
		if (insn.meta.category == ZYDIS_CATEGORY_CALL || insn.meta.category == ZYDIS_CATEGORY_RET)
			return NULL;
		if (insn.mnemonic == ZYDIS_MNEMONIC_LEA && ops[1].mem.base == ZYDIS_REGISTER_RIP) {
			held = ops[0].reg.value;
			address = sw->entry + at + insn.length + (uint64_t)ops[1].mem.disp.value;
		} else if (insn.mnemonic == ZYDIS_MNEMONIC_MOV && ops[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
			   ops[0].mem.base == object && ops[0].mem.disp.value == 0 &&
			   ops[0].mem.index == ZYDIS_REGISTER_NONE && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   ops[1].reg.value == held) {
			return go_binary_func_at(sw->bin, address, &func) && func.entry == address ? func.name : NULL;
		}
	}
	return NULL;
}

static void add_site(struct site_decoder *sw, const struct callee *callee, size_t call, uint8_t length)
{
	const struct callee_info *info = callee->info;
	struct sym_frame frames[MAX_FRAMES];
	struct recording *rec = sw->rec;
	struct rec_site *site = recording_add_site(rec);
	const char *chain;

	site->pc = sw->entry + sw->starts[call];
	site->ret = site->pc + length;
	site->callee = chain = strpool_add(rec->pool, callee->name);
	site->cause = info->cause;
	site->may_elide = info->may_elide;
	site->size = info->fixed_bytes;
	read_arguments(sw, site, info, call);
	if (site->cause == CAUSE_NEW_OBJECT)
		site->cause = go_runtime_cause(&chain, 1, site->type);
	if (site->cause == CAUSE_CLOSURE || site->cause == CAUSE_METHOD_VALUE)
		site->closure = strpool_add(rec->pool, closure_function(sw, sw->starts[call] + length));
	site->n_frames = symbolizer_frames(sw->sym, site->ret, frames, MAX_FRAMES);
	site->frames = xcalloc(site->n_frames, sizeof(*site->frames));
	for (size_t i = 0; i < site->n_frames; i++) {
		site->frames[i].function = strpool_add(rec->pool, frames[i].function);
		site->frames[i].file = strpool_add(rec->pool, frames[i].file);
		site->frames[i].line = frames[i].line;
		site->frames[i].start_line = frames[i].start_line;
	}
}

/*
 * Two builds of one function have the same calls, in the same order, but for those whose place the compiler chooses
 * late, by what is unlikely: checks that panic, growing the stack, write barriers. They do not count. Measured over all
 * packages of cmd/gofmt: 3,205 of 3,210 functions (1.27) and 2,576 of 2,601 (1.19) have one order in a build and its
 * twin.
 */
static bool is_counted_call(const char *name)
{
	static const char *const late[] = {"runtime.panic", "runtime.goPanic", "runtime.morestack",
					   "runtime.gcWriteBarrier", "runtime.unreachableMethod"};

	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		if (strncmp(name, late[i], strlen(late[i])) == 0)
			return false;
	}
	return true;
}

static void count_call(struct site_decoder *sw, elf_vaddr callee)
{
	struct go_func func;
	uint64_t *number;
	bool is_new;

	number = u64map_at(&sw->call_number, callee, &is_new);
	if (is_new && go_binary_func_at(sw->bin, callee, &func) && is_counted_call(func.name))
		*number = bytes_number(func.name, strlen(func.name));
	if (*number)
		sw->calls = u64_mix(sw->calls, *number);
}

/* The inline chain belongs to what has to agree. */
static void count_chain(struct site_decoder *sw, const struct rec_site *site)
{
	for (size_t i = 0; i < site->n_frames; i++) {
		const char *name = site->frames[i].function;

		sw->calls = u64_mix(sw->calls, bytes_number(name, strlen(name)));
	}
}

/* Gives the sites of the function, which are the last ones, the number of its calls. */
static void number_sites(struct site_decoder *sw, size_t first_site)
{
	for (size_t i = first_site; i < sw->rec->n_sites; i++)
		sw->rec->sites[i].calls = sw->calls ? sw->calls : 1;
}

static void sweep_function(struct site_decoder *sw, const struct go_func *func)
{
	size_t offset = 0, first_site = sw->rec->n_sites;

	sw->code = elf_image_view(go_binary_image(sw->bin), func->entry, func->end - func->entry);
	if (!sw->code)
		return;
	sw->entry = func->entry;
	sw->size = func->end - func->entry;
	sw->n_starts = 0;
	sw->calls = 0;
	ARRAY_GROW(sw->is_target, sw->size / 8 + 1, sw->alloc_target);
	memset(sw->is_target, 0, sw->size / 8 + 1);
	sw->stats.functions++;
	while (offset < sw->size) {
		ZydisDecodedInstruction insn;
		uint64_t target;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&sw->quick, NULL, sw->code + offset, sw->size - offset,
								&insn))) {
			sw->stats.undecodable++;
			return;
		}
		ARRAY_GROW(sw->starts, sw->n_starts + 1, sw->alloc_starts);
		sw->starts[sw->n_starts++] = (uint32_t)offset;
		if (insn.raw.imm[0].is_relative) {
			target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
			if (insn.opcode == 0xe8 && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
				uint64_t *index = u64map_find(&sw->callees, sw->entry + target);

				count_call(sw, sw->entry + target);
				if (index) {
					add_site(sw, &sw->callee_list[*index], sw->n_starts - 1, insn.length);
					count_chain(sw, &sw->rec->sites[sw->rec->n_sites - 1]);
				}
			} else {
				mark_target(sw, target);
			}
		} else if (insn.opcode == 0xff && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
			   insn.raw.modrm.reg == 2) {
			sw->calls = u64_mix(sw->calls, sw->indirect);
		}
		offset += insn.length;
	}
	number_sites(sw, first_site);
}

/* ---- the runtime: what can reach the allocator ------------------------------------------------------------------- */

static void add_edge(struct reach_sweep *rs, uint32_t caller, elf_vaddr callee)
{
	uint64_t *node = u64map_find(&rs->node_at, callee);

	if (!node || *node == caller)
		return;
	ARRAY_GROW(rs->edges, rs->n_edges + 1, rs->alloc_edges);
	rs->edges[rs->n_edges] = (struct edge){caller, rs->nodes[*node].first_caller};
	rs->nodes[*node].first_caller = (uint32_t)++rs->n_edges;
}

/* Calls, jumps into other functions, and functions whose address is taken: itself or through the word that stands for a
 * function without captures. */
static void sweep_node(struct reach_sweep *rs, uint32_t caller)
{
	elf_vaddr entry = rs->nodes[caller].entry;
	size_t size = rs->nodes[caller].end - entry, offset = 0;
	const uint8_t *code = elf_image_view(go_binary_image(rs->bin), entry, size);
	ZydisDecodedInstruction insn;

	size = code ? size : 0;
	for (; offset < size; offset += insn.length) {
		elf_vaddr target, word;

		if (!ZYAN_SUCCESS(
			    ZydisDecoderDecodeInstruction(rs->decoder, NULL, code + offset, size - offset, &insn)))
			return;
		if (insn.raw.imm[0].is_relative) {
			target = offset + insn.length + (uint64_t)insn.raw.imm[0].value.s;
			if (target >= size)
				add_edge(rs, caller, entry + target);
		} else if (insn.opcode == 0x8d && insn.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
			   insn.raw.modrm.mod == 0 && insn.raw.modrm.rm == 5) {
			target = entry + offset + insn.length + (uint64_t)insn.raw.disp.value;
			if (u64map_find(&rs->node_at, target))
				add_edge(rs, caller, target);
			else if (elf_image_read_ptr(go_binary_image(rs->bin), target, &word))
				add_edge(rs, caller, word);
		}
	}
}

/* Marks whatever leads to an allocator, and not by way of an aside. */
static void spread(struct reach_sweep *rs)
{
	uint32_t *queue = xcalloc(rs->n_nodes, sizeof(*queue));
	size_t n = 0;

	for (size_t i = 0; i < rs->n_nodes; i++) {
		if (rs->nodes[i].allocates)
			queue[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		for (uint32_t e = rs->nodes[queue[i]].first_caller; e; e = rs->edges[e - 1].next) {
			struct node *caller = &rs->nodes[rs->edges[e - 1].caller];

			if (caller->allocates || caller->is_aside)
				continue;
			caller->allocates = true;
			queue[n++] = rs->edges[e - 1].caller;
		}
	}
	free(queue);
}

static void add_callee(struct site_decoder *sw, const struct go_func *func, const struct callee_info *info)
{
	*u64map_at(&sw->callees, func->entry, NULL) = sw->n_callees;
	ARRAY_GROW(sw->callee_list, sw->n_callees + 1, sw->alloc_callees);
	sw->callee_list[sw->n_callees++] = (struct callee){func->name, info};
}

static void find_callees(struct site_decoder *sw)
{
	/* What the table does not know is the runtime's affair, and may well do without allocating. */
	static const struct callee_info other = {.cause = CAUSE_RUNTIME_INTERNAL, .may_elide = true};
	struct reach_sweep rs = {.bin = sw->bin, .decoder = &sw->quick, .node_at = U64MAP_INIT};
	size_t count = go_binary_func_count(sw->bin);
	struct go_func func;

	for (size_t i = 0; i < count; i++) {
		if (!go_binary_func(sw->bin, i, &func) ||
		    !go_binary_is_runtime(sw->bin, func.name, go_binary_func_file(sw->bin, &func)))
			continue;
		*u64map_at(&rs.node_at, func.entry, NULL) = rs.n_nodes;
		ARRAY_GROW(rs.nodes, rs.n_nodes + 1, rs.alloc_nodes);
		rs.nodes[rs.n_nodes++] = (struct node){.entry = func.entry,
						       .end = func.end,
						       .index = i,
						       .allocates = go_runtime_is_allocator(func.name),
						       .is_aside = go_runtime_aside(func.name) != NULL};
	}
	for (size_t i = 0; i < rs.n_nodes; i++)
		sweep_node(&rs, (uint32_t)i);
	spread(&rs);
	for (size_t i = 0; i < rs.n_nodes; i++) {
		const struct callee_info *info;

		if (!go_binary_func(sw->bin, rs.nodes[i].index, &func))
			continue;
		info = go_runtime_callee(func.name);
		if (info || rs.nodes[i].allocates)
			add_callee(sw, &func, info ? info : &other);
	}
	free(rs.nodes);
	free(rs.edges);
	u64map_release(&rs.node_at);
}

/* ---- extents ---------------------------------------------------------------------------------------------------- */

/* Widens the extent of the run's function. Names and files are pointers into the binary's tables, where equal strings
 * are stored once. */
static void widen_extent(void *ctx, const struct go_line_run *run)
{
	struct site_decoder *sw = ctx;
	struct recording *rec = sw->rec;
	uint64_t key = u64_mix((uintptr_t)run->function, (uintptr_t)run->file);
	const char *function = NULL, *file = NULL;
	struct rec_extent *extent;
	uint64_t *index;
	bool is_new;

	/* Now and then the compiler gives an instruction the line of what was inlined, but not its place in the tree.
	 */
	if (!run->inlined && run->file == sw->func_file && run->line < sw->func_line)
		return;
	for (;; key = u64_mix(key, 1)) {
		index = u64map_at(&sw->extents, key, &is_new);
		if (is_new)
			break;
		extent = &rec->extents[*index];
		function = function ? function : strpool_add(rec->pool, run->function);
		file = file ? file : strpool_add(rec->pool, run->file);
		if (extent->function == function && extent->file == file) {
			extent->first = run->line < extent->first ? run->line : extent->first;
			extent->last = run->line > extent->last ? run->line : extent->last;
			extent->is_physical |= !run->inlined;
			return;
		}
	}
	*index = rec->n_extents;
	extent = recording_add_extent(rec);
	*extent = (struct rec_extent){.function = strpool_add(rec->pool, run->function),
				      .file = strpool_add(rec->pool, run->file),
				      .first = run->line,
				      .last = run->line,
				      .is_physical = !run->inlined};
}

/* The func keyword belongs to the function even where no instruction comes from its line. */
static void widen_to_start(struct site_decoder *sw, const struct go_func *func)
{
	struct go_line_run run = {.function = func->name,
				  .file = go_binary_func_file(sw->bin, func),
				  .line = go_binary_func_start_line(sw->bin, func)};

	if (run.file && run.line > 0)
		widen_extent(sw, &run);
}

int site_decoder_new(struct site_decoder **out, const struct go_binary *bin, struct symbolizer *sym, struct error *err)
{
	struct site_decoder *sw = xcalloc(1, sizeof(*sw));

	*sw = (struct site_decoder){.bin = bin,
				    .sym = sym,
				    .callees = U64MAP_INIT,
				    .call_number = U64MAP_INIT,
				    .indirect = bytes_number("indirect", 8),
				    .extents = U64MAP_INIT};
	ZydisDecoderInit(&sw->quick, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisDecoderEnableMode(&sw->quick, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	ZydisDecoderInit(&sw->full, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	find_callees(sw);
	if (!sw->n_callees) {
		site_decoder_free(sw);
		return error_set(err, -ENODATA,
				 "sites: failed to find an allocating function of the Go runtime in '%s': "
				 "the binary is not a complete Go program",
				 elf_image_path(go_binary_image(bin)));
	}
	*out = sw;
	return 0;
}

void site_decoder_free(struct site_decoder *sw)
{
	if (!sw)
		return;
	u64map_release(&sw->callees);
	u64map_release(&sw->call_number);
	u64map_release(&sw->extents);
	free(sw->callee_list);
	free(sw->starts);
	free(sw->is_target);
	free(sw);
}

static bool is_swept(const struct site_decoder *sw, const struct go_func *func)
{
	return !go_binary_is_runtime(sw->bin, func->name, go_binary_func_file(sw->bin, func));
}

/* Is it not the runtime's? Sweeps its function if it is the first to say so. */
static bool sweep_at(struct site_decoder *sw, elf_vaddr ret, struct u64map *swept)
{
	struct go_func func;
	bool is_new;

	if (!go_binary_func_at(sw->bin, ret - 1, &func) || !is_swept(sw, &func))
		return false;
	u64map_at(swept, func.entry, &is_new);
	if (is_new)
		sweep_function(sw, &func);
	return true;
}

void site_decoder_add_seen(struct site_decoder *sw, struct recording *rec, const struct raw_capture *raw)
{
	struct u64map is_charged = U64MAP_INIT; /* by return address */
	struct u64map swept = U64MAP_INIT;	/* entries of functions */

	sw->rec = rec;
	for (size_t i = 0; i < raw->n_stacks; i++) {
		const struct raw_stack *stack = &raw->stacks[i];
		bool charged = false;

		for (uint32_t d = 0; d < stack->depth && !charged; d++) {
			bool is_new;
			uint64_t *known = u64map_at(&is_charged, stack->pcs[d], &is_new);

			if (is_new)
				*known = sweep_at(sw, stack->pcs[d], &swept);
			charged = *known;
		}
	}
	u64map_release(&is_charged);
	u64map_release(&swept);
}

int sites_decode(struct recording *rec, const struct go_binary *bin, struct symbolizer *sym, struct sites_stats *stats,
		 struct error *err)
{
	size_t count = go_binary_func_count(bin);
	struct go_func func = {.entry = 0};
	struct site_decoder *sw;
	elf_vaddr kept = 0;
	int ret;

	ret = site_decoder_new(&sw, bin, sym, err);
	if (ret)
		return ret;
	sw->rec = rec;
	for (size_t i = 0; i < count; i++) {
		if (!go_binary_func(bin, i, &func))
			continue;
		if (is_swept(sw, &func)) {
			sweep_function(sw, &func);
			sw->func_file = go_binary_func_file(bin, &func);
			sw->func_line = go_binary_func_start_line(bin, &func);
			go_binary_each_line(bin, &func, widen_extent, sw);
			widen_to_start(sw, &func);
		}
		/* Functions come in the order of their addresses: nobody needs what is behind. */
		kept = kept ? kept : func.entry;
		if (func.entry - kept >= KEEP_BYTES) {
			go_binary_forget(bin);
			kept = func.entry;
		}
	}
	go_binary_forget(bin);
	rec->has_sites = true;
	ret = elf_image_check_unchanged(go_binary_image(bin), err);
	if (stats)
		*stats = sw->stats;
	site_decoder_free(sw);
	return ret;
}

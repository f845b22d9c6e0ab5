/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording: the seam between measuring and judging. What is left of it needs a process and privileges, what is
 * right of it needs only this.
 *
 * In memory it is this structure; on disk it is a gzipped pprof profile.proto that `go tool pprof` opens as it is
 * (sample types alloc_objects/count, alloc_space/bytes; labels type, cause; mapping with build id; header fields as
 * "key=value" comments). What pprof has no place for (emitted sites, reach evidence, smallest and largest) travels in
 * fields with high numbers, which every protobuf reader skips. See recording/profile.proto.
 *
 * All strings belong to the recording's pool; arrays are owned by the recording. Addresses are file virtual addresses
 * of the binary named in the header.
 */
#ifndef ESCAUDIT_RECORDING_RECORDING_H
#define ESCAUDIT_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strpool.h"
#include "symbolize/go_runtime.h"

/* One logical frame of a location. */
struct rec_frame {
	const char *function;
	const char *file; /* NULL if unknown */
	int line;
	int start_line; /* of the func keyword, 0 if unknown */
};

/* One return address on a stack, with its logical frames, innermost (inlined) first; at least one. Each address appears
 * once in the table. */
struct rec_location {
	uint64_t pc; /* return address as a file vaddr; 0 for an address outside the binary */
	struct rec_frame *frames;
	uint32_t n_frames;
	bool is_runtime; /* the physical function belongs to the Go runtime */
};

#define REC_NO_USER_FRAME UINT32_MAX

/* What one replica contributed to an observation of a merged recording. */
struct rec_part {
	uint32_t replica; /* from 0; in merge.h */
	uint64_t objects, bytes;
};

/* Counts of one (stack, type, cause). */
struct rec_observation {
	uint32_t *locations; /* indexes into recording.locations, leaf first */
	uint32_t n_locations;
	uint32_t user;	  /* index into .locations[] of this observation: the innermost frame outside the runtime;
			     REC_NO_USER_FRAME if there is none */
	const char *type; /* NULL if the runtime was given none or it is unknown */
	enum cause cause;
	bool truncated; /* the stack was deeper than the walk goes */
	uint64_t objects;
	uint64_t bytes;	   /* requested, not size classes */
	uint64_t smallest; /* bytes of the smallest and the largest object */
	uint64_t largest;
	uint64_t samples; /* == objects in exact mode */
	double error_pct; /* objects and bytes lie within this much of the truth, 95 times of 100; 0 where counted */
	struct rec_part *parts; /* of merged recordings, replicas ascending; NULL where nothing is known of them */
	uint32_t n_parts;
};

/* Was the call instruction of a site executed? */
enum reach {
	REACH_NOT_PROBED, /* no evidence */
	REACH_NEVER,	  /* a probe sat there for the whole window and was not hit */
	REACH_HIT,
};

/* Does a call hand its callee room on the stack for the result? Then the compiler's claim was that the result stays. */
enum site_room {
	SITE_ROOM_UNKNOWN, /* or the callee takes none */
	SITE_ROOM_NONE,	   /* it escapes, or can be seen not to fit */
	SITE_ROOM_STACK,
};

/* One emitted allocation site: a call instruction outside the runtime whose callee may allocate. A large binary has a
 * hundred thousand, which are in memory as long as its probes. */
struct rec_site {
	uint64_t pc;		  /* of the call instruction, file vaddr */
	uint64_t ret;		  /* the return address, file vaddr: what a stack shows */
	const char *callee;	  /* runtime function called */
	const char *type;	  /* from the constant loaded before the call; NULL if none or unknown */
	uint64_t type_size;	  /* bytes of that type, 0 if unknown */
	uint64_t size;		  /* constant size in bytes where the machine code has it, else 0 */
	const char *closure;	  /* of closures: the function they stand for, "main.f.func1"; NULL if unknown */
	struct rec_frame *frames; /* inline chain, innermost first; the last is the physical function */
	uint32_t n_frames;
	enum cause cause : 8;
	enum site_room room : 8;
	enum reach reach : 8;
	bool may_elide; /* the call can run without allocating */
	/* Of map assignments: keys or values over 128 bytes are not in the map, but objects of their own. */
	bool indirect_key : 1;
	bool indirect_value : 1;
};

/*
 * The lines one function's code comes from, over all its copies: what tells a prediction whose code the compiler
 * removed from one whose function the linker dropped.
 */
struct rec_extent {
	const char *function;
	const char *file;
	int first, last;  /* lines */
	bool is_physical; /* false: only inlined copies are left of it */
};

/*
 * A place whose execution was watched for an assertion in the source: a function's entry, or where code of the asserted
 * lines begins or is jumped to. If the binary has no code of them, there is one point with pc 0.
 */
struct rec_point {
	uint64_t pc;	  /* file vaddr */
	const char *file; /* of the assertion, as in the binary's tables */
	int first, last;  /* lines it is about */
	enum reach reach;
};

enum rec_mode { REC_MODE_EXACT, REC_MODE_SAMPLE, REC_MODE_PROFILE /* a pprof heap profile of other origin */ };

/* Every way of losing data, by name ("stack map full", "observation map full", "read fault" …). */
struct rec_loss {
	const char *name;
	uint64_t count;
};

struct rec_header {
	const char *tool_version; /* of the escaudit that recorded */
	enum rec_mode mode;
	double window_seconds;
	bool window_complete; /* from the first instruction to the end of the process, or the whole requested window */
	uint64_t start_unix_ns;
	/* target identity */
	const char *path;
	const char *build_id;
	const char *go_version;
	const char *arch;
	int64_t pid;
	const char *main_package;
	const char *main_module; /* NULL if none */
	const char *goroot_src;	 /* prefix of standard library files, "" under -trimpath */
	const char *modinfo;	 /* whole module text of the build information: settings, dependencies */
	int exit_status;      /* of a launched program: exit code, 128 + signal; -1 if not launched or still running */
	const char *coverage; /* NULL where every allocator entry is covered, else which functions are missed */
	/* capture figures */
	uint64_t hits;
	uint64_t entries; /* allocator entries probed */
	uint64_t stacks;  /* different stacks */
	/* Objects under a stack that ends with the caller of their line, because there were more stacks than room was
	 * asked for. */
	uint64_t shortened;
};

struct recording {
	struct strpool *pool;
	struct rec_header header;
	struct rec_loss *losses;
	size_t n_losses;
	struct rec_location *locations;
	size_t n_locations;
	struct rec_observation *observations;
	size_t n_observations;
	struct rec_site *sites;
	size_t n_sites;
	struct rec_extent *extents; /* there if has_sites */
	size_t n_extents;
	struct rec_point *points;
	size_t n_points;
	bool has_sites; /* the binary's sites were decoded, even if there are none */
	struct {
		const char *key, *value;
	} * extra; /* further key=value comments, kept as read */
	size_t n_extra;
	bool borrows_sites; /* sites, extents and points are another recording's */
};

struct recording *recording_new(void);
/* An empty recording of the same binary: header, and sites and extents if it has them all, are those of `of`, which
 * must outlive it. */
struct recording *recording_new_like(const struct recording *of);
void recording_free(struct recording *rec); /* accepts NULL */
/* Takes out what was measured (observations, locations, losses, comments); the binary's identity and sites stay. */
void recording_clear_counts(struct recording *rec);

/* A zeroed element behind the last one. Pointers from earlier calls may move. */
struct rec_location *recording_add_location(struct recording *rec);
struct rec_observation *recording_add_observation(struct recording *rec);
struct rec_site *recording_add_site(struct recording *rec);
struct rec_extent *recording_add_extent(struct recording *rec);
struct rec_point *recording_add_point(struct recording *rec);
void recording_add_loss(struct recording *rec, const char *name,
			uint64_t count);		/* adds to an existing one of that name; 0 is kept out */
uint64_t recording_losses(const struct recording *rec); /* sum of all */
void recording_add_extra(struct recording *rec, const char *key, const char *value);
/* The first further comment of that key, NULL if there is none. */
const char *recording_extra(const struct recording *rec, const char *key);
/* Was something lost, or could something not be covered? */
bool recording_is_partial(const struct recording *rec);
/* A build setting ("-gcflags") out of header.modinfo, into buf; false if absent. */
bool recording_setting(const struct recording *rec, const char *key, char *buf, size_t size);

/*
 * Writes to a temporary file beside path and renames it, so that a reader never sees half a recording. "-" is standard
 * output.
 */
int recording_write(const struct recording *rec, const char *path, struct error *err);
/*
 * Reads an escaudit recording, or any heap profile from net/http/pprof (mode REC_MODE_PROFILE, alloc_objects and
 * alloc_space taken). Untrusted bytes: limits on the unpacked size (1 GiB) and on every index; -EBADMSG with a sentence
 * otherwise.
 */
int recording_read(struct recording **out, const char *path, struct error *err);
int recording_read_bytes(struct recording **out, const void *data, size_t size, const char *path, struct error *err);

#endif

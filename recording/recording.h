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
	/* The import path of the file's package where that is not the function's, see place_find_packages; else NULL.
	 */
	const char *file_package;
};

/* One return address on a stack, with its logical frames, innermost (inlined) first; at least one. Each address appears
 * once in the table. */
struct rec_location {
	uint64_t pc; /* return address as a file vaddr; 0 for an address outside the binary */
	struct rec_frame *frames;
	uint32_t n_frames;
	bool is_runtime; /* the physical function belongs to the Go runtime */
	bool is_c;	 /* code of C, or of another language without pclntab; its pc is 0 */
};
/* How the function of a location begins that stands in place of C frames that are missing; is_c is set. */
#define REC_C_CUT "[C frames cut: "

#define REC_NO_USER_FRAME UINT32_MAX
#define REC_NO_SITE	  SIZE_MAX

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
	size_t site;	  /* index into recording.sites: the call that the user frame was in; REC_NO_SITE if it is none
			     of them. Set on assembly, reading and merging, else by recording_find_sites */
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

/* Whether the call instruction of a site was executed. */
enum reach {
	REACH_NOT_PROBED, /* no evidence */
	REACH_NEVER,	  /* a probe sat there for the whole window and was not hit */
	REACH_HIT,
};

/* The temporary buffer on the stack that a call hands its callee for the result: with one, the compiler's claim was
 * that the result stays. */
enum site_buffer {
	SITE_BUFFER_UNKNOWN, /* or the callee takes none */
	SITE_BUFFER_NONE,    /* it escapes, or can be seen not to fit */
	SITE_BUFFER_STACK,
};

#define REC_COLUMN_BEYOND 255 /* a column that the compiler reports as none, as it does from there on */

struct rec_level {
	int line; /* of the innermost level: not the frame's where the compiler gave the call another position */
	int column;
};

/*
 * What stands in the source where a site's call was written: known where a twin of the build told the token of the call
 * (predict/columns.h). Lines and columns as the compiler reports them, columns in bytes from 1, 0 where it has none
 * because of a line directive or because the file has no twin.
 */
struct rec_source {
	const char *expr;				      /* the source text, on one line, perhaps cut short */
	int first_line, first_column, last_line, last_column; /* of that text's first and last token */
	int statement_line, statement_column; /* where the statement begins that it is in; line 0 if unknown */
	uint32_t n_levels; /* as many as the site has frames, or more where the binary's inline tree lost some */
	struct rec_level levels[]; /* innermost first */
};

/* One emitted allocation site: a call instruction outside the runtime whose callee may allocate. A large binary has a
 * hundred thousand, which are in memory as long as its probes. */
struct rec_site {
	uint64_t pc;		   /* of the call instruction, file vaddr */
	uint64_t ret;		   /* the return address, file vaddr: what a stack shows */
	const char *callee;	   /* runtime function called */
	const char *type;	   /* from the constant loaded before the call; NULL if none or unknown */
	uint64_t type_size;	   /* bytes of that type, 0 if unknown */
	uint64_t size;		   /* constant size in bytes where the machine code has it, else 0 */
	const char *closure;	   /* of closures: the function they stand for, "main.f.func1"; NULL if unknown */
	const char *variable;	   /* that was moved to the heap into this object, by DWARF; NULL if none or unknown */
	struct rec_frame *frames;  /* inline chain, innermost first; the last is the physical function */
	struct rec_source *source; /* NULL where no column is known; owned */
	uint64_t calls;		   /* number of all calls of its function, in order; 0 if unknown */
	uint32_t n_frames;
	enum cause cause : 8;
	enum site_buffer buffer : 8;
	enum reach reach : 8;
	bool may_elide; /* the call can run without allocating */
	/* Set for map assignments: keys or values over 128 bytes are not in the map, but objects of their own. */
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
	int first, last;   /* lines */
	bool is_physical;  /* false: only inlined copies are left of it */
	const char *wraps; /* of a wrapper that the compiler made: the method that was inlined into it; NULL if the
			      binary does not tell */
	const char *file_package; /* as a frame's */
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

struct rec_field {
	const char *name; /* "_" where it has none */
	uint64_t offset, size;
	uint32_t align; /* a power of two */
};

/*
 * A struct type that somebody named, with its fields in the order of the source, as the run-time type has them. Its
 * size is a multiple of its fields' alignments.
 */
struct rec_type {
	const char *name;    /* as sites and observations have it; a name that several types have is not here */
	const char *package; /* import path */
	uint64_t size;
	bool has_pointers;
	bool is_fixed; /* whoever wrote it laid it out, and not for Go alone: blank fields, structs.HostLayout, C's */
	struct rec_field *fields; /* owned, at least one */
	uint32_t n_fields;
};

enum rec_mode { REC_MODE_EXACT, REC_MODE_SAMPLE, REC_MODE_PROFILE /* a pprof heap profile of other origin */ };

/* How a window ended; a launched program's, an attached process's and our own ways. */
enum rec_end {
	REC_END_UNKNOWN,
	REC_END_EXIT,	  /* the process ended */
	REC_END_EXEC,	  /* it executed a program */
	REC_END_DURATION, /* the time asked for was over */
	REC_END_SIGNAL,	  /* escaudit was told to stop */
	REC_END_CUT,	  /* the recording was handed out, and counting went on */
	REC_END_DISARMED, /* somebody killed the process that held the probes */
	REC_END_CALLER,	  /* whoever looked on had seen enough */
};

/* What totals of size classes rest on. */
enum rec_totals { REC_TOTALS_UNKNOWN, REC_TOTALS_COUNTED /* by the runtime itself */, REC_TOTALS_SCALED /* by time */ };

/* How sampling went: figures for reports, and for those who want to check (docs/sampling.md). */
struct rec_sampling {
	bool is_known; /* all else is of no meaning without */
	enum rec_totals totals;
	double duty_pct, cold_duty_pct;	 /* of the window: probes on refills, and on flushes and large objects, stood */
	double seen_pct;		 /* of the bytes that the runtime counted, what the windows saw; 0 if unknown */
	double trap_ns, assumed_trap_ns; /* what one trap costs, measured or not; one of them is 0 */
	double hit_ns;			 /* mean cost of a hit, trap included */
	double overhead_pct;		 /* of one core: what probes cost the target */
	double overhead_max_pct;	 /* of one core: what they may cost */
	double own_cpu_pct;		 /* of one core: what the recording process itself used */
	uint64_t windows, exact_windows;
	uint64_t exact_objects;	     /* counted one by one in exact windows */
	uint64_t hits;		     /* of probes */
	uint64_t unattributed_bytes; /* in size classes without a sample */
	uint64_t slot_mismatches;
	const char
		*size_classes; /* slots used of each: "16n:1200,32:7", n for those without pointers; NULL if unknown */
};

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
	/* Objects under a stack that ends with the caller of their line, because there were more stacks than were
	 * asked for. */
	uint64_t shortened;
	enum rec_end ended;
	uint64_t period; /* of a heap profile of Go's own: mean bytes between two samples; 0 if unknown */
	struct rec_sampling sampling;
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
	struct rec_type *types; /* of sites and observations, by name */
	size_t n_types;
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
/* Takes out what was measured (observations, locations, losses, comments, how sampling went); the binary's identity and
 * sites stay. */
void recording_clear_counts(struct recording *rec);

/* A zeroed element behind the last one. Pointers from earlier calls may move. */
struct rec_location *recording_add_location(struct recording *rec);
struct rec_observation *recording_add_observation(struct recording *rec); /* its site is REC_NO_SITE */
struct rec_site *recording_add_site(struct recording *rec);
/* A zeroed source with so many levels, at least one; takes the place of one the site has. */
struct rec_source *recording_set_source(struct rec_site *site, uint32_t n_levels);
/* Gives back what a site owns. */
void recording_release_site(struct rec_site *site);
void recording_release_types(struct recording *rec);
struct rec_extent *recording_add_extent(struct recording *rec);
struct rec_point *recording_add_point(struct recording *rec);
struct rec_type *recording_add_type(struct recording *rec); /* the caller keeps them sorted by name */
/* NULL if it is not known. */
const struct rec_type *recording_type(const struct recording *rec, const char *name);
void recording_add_loss(struct recording *rec, const char *name,
			uint64_t count);		/* adds to an existing one of that name; 0 is kept out */
uint64_t recording_losses(const struct recording *rec); /* sum of all */
void recording_add_extra(struct recording *rec, const char *key, const char *value);
/* Calls each for every figure of sampling, as comments have them: key, and value as text. */
void recording_each_figure(const struct rec_sampling *s, void (*each)(void *ctx, const char *key, const char *value),
			   void *ctx);
/* Sets the site of every observation. */
void recording_find_sites(struct recording *rec);

/* Whose work made the objects of an observation. */
enum rec_work {
	REC_WORK_LINE,	 /* its line's */
	REC_WORK_HELPER, /* the runtime's, for what the line asks of it: the queue of a channel, a table of a type
			    switch */
	/*
	 * The runtime's own, also where it stands on a user's stack: a collection that a large object starts makes
	 * goroutines. The line is not to blame, and its own objects must not be mixed with them.
	 */
	REC_WORK_OWN,
};
enum rec_work recording_work(const struct recording *rec, const struct rec_observation *o);

/* Whether something was lost, or could not be covered. */
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

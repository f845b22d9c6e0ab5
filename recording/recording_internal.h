/* SPDX-License-Identifier: Apache-2.0 */
/* What writer and reader of a recording's file must agree on, besides recording/profile.proto. */
#ifndef ESCAUDIT_RECORDING_RECORDING_INTERNAL_H
#define ESCAUDIT_RECORDING_RECORDING_INTERNAL_H

#include <stdbool.h>

#include "recording/recording.h"

#define REC_FORMAT	1 /* Profile.escaudit_format */
#define REC_LABEL_TYPE	"type"
#define REC_LABEL_CAUSE "cause"

/* Keys of the "key=value" comments. Losses are REC_KEY_LOSS, then the loss's own name. */
#define REC_KEY_TOOL_VERSION	"escaudit"
#define REC_KEY_MODE		"mode"
#define REC_KEY_WINDOW_SECONDS	"window_seconds" /* for people; duration_nanos is what is read */
#define REC_KEY_WINDOW_COMPLETE "window_complete"
#define REC_KEY_PATH		"path"
#define REC_KEY_BUILD_ID	"build_id"
#define REC_KEY_GO_VERSION	"go_version"
#define REC_KEY_ARCH		"arch"
#define REC_KEY_PID		"pid"
#define REC_KEY_MAIN_PACKAGE	"main_package"
#define REC_KEY_MAIN_MODULE	"main_module"
#define REC_KEY_GOROOT_SRC	"goroot_src"
#define REC_KEY_EXIT_STATUS	"exit_status"
#define REC_KEY_COVERAGE	"coverage"
#define REC_KEY_HITS		"hits"
#define REC_KEY_ENTRIES		"entries"
#define REC_KEY_STACKS		"stacks"
#define REC_KEY_SHORTENED	"shortened" /* not there if 0 */
#define REC_KEY_ENDED		"ended"	    /* not there if unknown */
#define REC_KEY_PERIOD		"period"    /* not there if 0 */
#define REC_KEY_LOSS		"loss "

#define REC_MODE_NAMES                                                                                                 \
	{                                                                                                              \
		[REC_MODE_EXACT] = "exact", [REC_MODE_SAMPLE] = "sample", [REC_MODE_PROFILE] = "profile"               \
	}

#define REC_END_NAMES                                                                                                  \
	{                                                                                                              \
		[REC_END_EXIT] = "exit", [REC_END_EXEC] = "exec", [REC_END_DURATION] = "duration",                     \
		[REC_END_SIGNAL] = "signal", [REC_END_CUT] = "cut", [REC_END_DISARMED] = "disarmed",                   \
		[REC_END_CALLER] = "caller"                                                                            \
	}

/* Reads one figure of sampling. False if the value makes no sense; *known says whether the key is a figure's. value is
 * kept. */
bool figure_read(struct rec_sampling *s, const char *key, const char *value, bool *known);

#endif

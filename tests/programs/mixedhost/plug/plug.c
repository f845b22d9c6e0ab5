/* SPDX-License-Identifier: Apache-2.0 */
#include "plug.h"
#include "../host.h"
#include "_cgo_export.h"

void plug_outer(int times)
{
	host_outer(goPlugged, times);
	NOT_LAST();
}

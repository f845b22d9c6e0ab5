#include "_cgo_export.h"

void call(int n)
{
	keep(n);
}

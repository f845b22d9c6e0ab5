// SPDX-License-Identifier: Apache-2.0
// C++ between Go and Go: an exception has gone by, is thrown and caught once more while the callback's frames' callers wait in a
// try block, and is looked at while Go allocates.
#include <stdexcept>
#include <string>

#include "_cgo_export.h"
#include "mixed.h"

namespace mixed {

template <typename Number> class Catcher {
public:
	explicit Catcher(Number number) : number_(number), caught_(0) {}

	OWN_FRAME void thrower() const
	{
		if (number_ >= 0)
			throw std::runtime_error(std::to_string(number_));
		NOT_LAST();
	}

	// The callback comes while the exception is still alive.
	OWN_FRAME void run()
	{
		try {
			thrower();
		} catch (const std::runtime_error &error) {
			caught_ += static_cast<int>(error.what()[0]);
			goCxx();
		}
		NOT_LAST();
	}

private:
	Number number_;
	int caught_;
};

} // namespace mixed

extern "C" OWN_FRAME void cxx_catch(int times)
{
	for (int i = 0; i < times; i++) {
		mixed::Catcher<long> catcher(i);

		try {
			catcher.run();
		} catch (...) {
			abort();
		}
	}
	NOT_LAST();
}

// SPDX-License-Identifier: Apache-2.0
// The same in C++: a member of a class template calls the library, beside exceptions.
#include "host.h"

#include <stdexcept>
#include <string>

extern "C" void Work(void);

namespace mixedhost {

template <typename Number> class Host {
public:
	explicit Host(Number times) : times_(times) {}

	OWN_FRAME void once(Number number) const
	{
		try {
			if (number % 2)
				throw std::runtime_error("odd");
			host_inner(Work);
		} catch (const std::exception &) {
			host_inner(Work);
		}
		NOT_LAST();
	}

	OWN_FRAME void run() const
	{
		for (Number i = 0; i < times_; i++)
			once(i);
		NOT_LAST();
	}

private:
	Number times_;
};

} // namespace mixedhost

int main(int argc, char **argv)
{
	mixedhost::Host<long> host(argc > 1 ? std::stol(argv[1]) : 1);

	host.run();
	return 0;
}

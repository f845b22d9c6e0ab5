// SPDX-License-Identifier: Apache-2.0
// What C++ has more kinds of than C: namespaces, templates, methods, lambdas, classes of one function, exceptions.
#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int plain(int x);
extern "C" void out(const char *s, int n);

namespace ns {
template <class T> struct Box {
	T v;
	explicit Box(T x) : v(x) {}
	~Box() { out("~", 1); }
	T get(int k) const { return helper(k) + v; }
	static T helper(int k)
	{
		out("helper", k);
		return T(k);
	}
	Box &operator+=(const Box &o)
	{
		v += o.v;
		out("+=", 0);
		return *this;
	}
};

static inline int small(int n)
{
	out("small", n);
	return n + 1;
}

__attribute__((always_inline)) inline int mid(int n)
{
	return small(n) + small(n + 1);
}

struct Base {
	virtual ~Base() {}
	virtual int run(int) = 0;
};

struct Derived : Base {
	int run(int n) override { return mid(n); }
};

namespace {
int hidden(int n)
{
	out("hidden", n);
	return n;
}
struct Local {
	int go(int n) { return hidden(n) + 1; }
};
} // namespace
} // namespace ns

int sum(const std::vector<int> &v)
{
	int s = 0;
	std::for_each(v.begin(), v.end(), [&](int x) {
		out("lambda", x);
		s += x;
	});
	return s;
}

static int thrower(int n)
{
	if (n > 3)
		throw std::runtime_error("x" + std::to_string(n));
	return n;
}

int local_class(int n)
{
	struct Here {
		int n;
		int twice()
		{
			out("twice", n);
			return n * 2;
		}
	} h{n};
	auto f = [n](auto y) {
		out("generic", n);
		return y + n;
	};
	try {
		thrower(n);
	} catch (const std::exception &e) {
		out(e.what(), 0);
	}
	return h.twice() + f(1) + f(2L);
}

int main(int argc, char **argv)
{
	std::vector<int> v;
	std::map<std::string, int> m;

	for (int i = 0; i < argc * 3; i++) {
		v.push_back(i);
		m[argv[0] + std::to_string(i)] = i;
	}
	ns::Box<int> b(1);
	ns::Box<long> l(2);
	b += ns::Box<int>(3);
	ns::Base *d = new ns::Derived;
	ns::Local lo;
	int r = sum(v) + local_class(argc) + b.get(1) + (int)l.get(2) + d->run(argc) + lo.go(2) + plain(argc);
	delete d;
	out("r", r);
	return 0;
}

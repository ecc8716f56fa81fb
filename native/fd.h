#pragma once
// A file descriptor with one owner: every early return and every thrown failure closes it.

#include <unistd.h>

#include <utility>

namespace sluice {

class Fd {
public:
	Fd() = default;
	explicit Fd(int number) : number_(number)
	{
	}
	Fd(Fd &&other) noexcept : number_(std::exchange(other.number_, -1))
	{
	}
	Fd &operator=(Fd &&other) noexcept
	{
		if (this != &other)
			reset(std::exchange(other.number_, -1));
		return *this;
	}
	~Fd()
	{
		reset();
	}

	int get() const
	{
		return number_;
	}
	bool open() const
	{
		return number_ >= 0;
	}
	int release()
	{
		return std::exchange(number_, -1);
	}
	void reset(int number = -1)
	{
		if (number_ >= 0)
			::close(number_);
		number_ = number;
	}

private:
	int number_ = -1;
};

} // namespace sluice

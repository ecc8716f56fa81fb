// Node starts a command by fork(), which copies the page tables of the whole process: milliseconds in which the main thread does
// nothing else, and page faults of all threads afterwards. posix_spawn() lends the memory to the child until it is the command,
// and only the calling thread waits for that: here one of libuv's pool.

#include "command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "fd.h"

extern char **environ;

namespace sluice {

namespace {

struct Pipe {
	Fd read;
	Fd write;
};

Pipe openPipe()
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		fail("COMMAND", errno, "make a pipe");
	return {Fd(ends[0]), Fd(ends[1])};
}

class Command : public Napi::AsyncWorker {
public:
	Command(Napi::Env env, std::vector<std::string> words, std::size_t mostBytes)
	    : AsyncWorker(env), deferred_(env), words_(std::move(words)), mostBytes_(mostBytes)
	{
	}
	Napi::Promise promise() const
	{
		return deferred_.Promise();
	}

protected:
	void Execute() override
	{
		try {
			run();
		} catch (const Failure &failure) {
			failure_ = std::make_unique<Failure>(failure);
		}
	}
	void OnOK() override
	{
		const Napi::Env env = Env();
		if (failure_ != nullptr) {
			deferred_.Reject(failure_->toError(env).Value());
			return;
		}
		Napi::Object made = Napi::Object::New(env);
		made.Set("status", WIFEXITED(status_) ? Napi::Number::New(env, WEXITSTATUS(status_)) : env.Null());
		made.Set("stdout", Napi::String::New(env, said_[0]));
		made.Set("stderr", Napi::String::New(env, said_[1]));
		deferred_.Resolve(made);
	}

private:
	void run();
	pid_t start(int out, int err) const;
	void listen(const std::array<Fd, 2> &from);

	Napi::Promise::Deferred deferred_;
	const std::vector<std::string> words_;
	const std::size_t mostBytes_;
	std::array<std::string, 2> said_;
	int status_ = 0;
	std::unique_ptr<Failure> failure_;
};

void Command::run()
{
	Pipe out = openPipe();
	Pipe err = openPipe();
	const pid_t pid = start(out.write.get(), err.write.get());
	out.write.reset();
	err.write.reset();
	listen({std::move(out.read), std::move(err.read)});
	const bool tooLong = said_[0].size() + said_[1].size() > mostBytes_;
	if (tooLong)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status_, 0) < 0)
		if (errno != EINTR)
			fail("COMMAND", errno, "wait for " + words_[0]);
	if (tooLong)
		fail("COMMAND", EFBIG, "read what " + words_[0] + " says, more than " + std::to_string(mostBytes_) + " bytes");
}

pid_t Command::start(int out, int err) const
{
	std::vector<char *> arguments;
	for (const std::string &word : words_)
		arguments.push_back(const_cast<char *>(word.c_str()));
	arguments.push_back(nullptr);
	posix_spawn_file_actions_t files;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	// Node ignores SIGPIPE, and its threads block signals: neither is for others.
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	sigset_t signals;
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	pid_t pid = 0;
	const int error = posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (error != 0)
		fail("COMMAND", error, "start " + words_[0]);
	return pid;
}

// Until both are at their end, or it is too much.
void Command::listen(const std::array<Fd, 2> &from)
{
	std::array<pollfd, 2> waiting{pollfd{from[0].get(), POLLIN, 0}, pollfd{from[1].get(), POLLIN, 0}};
	while ((waiting[0].fd >= 0 || waiting[1].fd >= 0) && said_[0].size() + said_[1].size() <= mostBytes_) {
		if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
			fail("COMMAND", errno, "wait for what " + words_[0] + " says");
		for (std::size_t at = 0; at < waiting.size(); ++at) {
			if (waiting[at].fd < 0 || waiting[at].revents == 0)
				continue;
			char bytes[16384];
			const ssize_t count = read(waiting[at].fd, bytes, sizeof bytes);
			if (count > 0)
				said_[at].append(bytes, static_cast<std::size_t>(count));
			else if (count == 0 || errno != EINTR)
				waiting[at].fd = -1;
		}
	}
}

} // namespace

// (words, mostBytes) → Promise of {status: number | null, stdout, stderr}.
Napi::Value runCommand(const Napi::CallbackInfo &info)
{
	const Napi::Object given = object(info[0], "words");
	std::vector<std::string> words;
	const std::uint32_t count = unsigned32(given.Get("length"), "words' length");
	if (count == 0)
		reject("words must not be empty");
	for (std::uint32_t at = 0; at < count; ++at)
		words.push_back(text(given.Get(at), "word", 4096));
	auto *command = new Command(info.Env(), std::move(words), unsigned32(info[1], "mostBytes"));
	const Napi::Promise promise = command->promise();
	command->Queue();
	return promise;
}

} // namespace sluice

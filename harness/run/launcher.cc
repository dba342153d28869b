// SPDX-License-Identifier: Apache-2.0
//
// One event loop over the cells. A cell is spawned with posix_spawn(3) and not
// by Boost.Process's own launcher: that one forks, and in Boost 1.81 its child
// re-registers every descriptor of the loop, leaves descriptors open, leaves a
// zombie and runs exit(3) handlers when the exec fails. Boost.Process then
// attaches to the pid and waits for it through a pidfd.
//
// Descriptors of a cell: 0 to 2 as Stdio says, 3 reads the spec, 4 takes the
// event stream. The spec's pipe stays open until the end; closing it is the
// request to stop, and also what a dying runner does.
#include "harness/run/launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// Boost 1.81 forgets these when it uses std::filesystem.
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
#define BOOST_PROCESS_USE_STD_FS 1
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/v2/process.hpp>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/wire/codec.h"

namespace driftcage::run {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Process = boost::process::v2::basic_process<Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               Executor>;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

constexpr int kSpecFd = 3;
constexpr int kEventFd = 4;
// Room for the event stream, so that a tracer seldom waits for the runner.
constexpr int kEventPipeSize = 1 << 18;
constexpr std::size_t kEventBuffer = 1 << 16;
constexpr std::size_t kOutputBuffer = 1 << 14;
// How long output may go on after the cell has ended.
constexpr milliseconds kDrain{2000};

// Moves a descriptor out of the range that the child's own numbers take, so
// that no dup2 of the child overwrites the source of the next one.
base::Result<base::UniqueFd> raised(base::UniqueFd fd) {
  if (fd.get() > kEventFd) return fd;
  base::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kEventFd + 1));
  if (!high) return base::fail("duplicate descriptor", {}, errno);
  return high;
}

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

base::Result<Pipe> make_pipe() {
  auto [read, write] = DRIFTCAGE_TRY(base::sys::pipe());
  return Pipe{DRIFTCAGE_TRY(raised(std::move(read))),
              DRIFTCAGE_TRY(raised(std::move(write)))};
}

// The pipes of one cell, both ends.
struct Pipes {
  Pipe spec;
  Pipe events;
  Pipe out;
  Pipe err;
};

base::Result<Pipes> make_pipes(Stdio stdio) {
  Pipes pipes;
  pipes.spec = DRIFTCAGE_TRY(make_pipe());
  pipes.events = DRIFTCAGE_TRY(make_pipe());
  // Refused past the user's pipe quota (pipe(7)); then it stays small.
  ::fcntl(pipes.events.read.get(), F_SETPIPE_SZ, kEventPipeSize);
  if (stdio == Stdio::Capture) {
    pipes.out = DRIFTCAGE_TRY(make_pipe());
    pipes.err = DRIFTCAGE_TRY(make_pipe());
  }
  return pipes;
}

// Owns the attribute objects of posix_spawn(3).
class SpawnRecipe {
 public:
  SpawnRecipe(const Pipes& pipes, Stdio stdio, int terminal) {
    posix_spawn_file_actions_init(&actions_);
    if (stdio == Stdio::Terminal) {
      for (int fd = 0; fd < 3; ++fd) {
        posix_spawn_file_actions_adddup2(&actions_, terminal, fd);
      }
    }
    if (stdio == Stdio::Capture) {
      posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
      posix_spawn_file_actions_adddup2(&actions_, pipes.out.write.get(), 1);
      posix_spawn_file_actions_adddup2(&actions_, pipes.err.write.get(), 2);
    }
    posix_spawn_file_actions_adddup2(&actions_, pipes.spec.read.get(), kSpecFd);
    posix_spawn_file_actions_adddup2(&actions_, pipes.events.write.get(),
                                     kEventFd);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kEventFd + 1);

    posix_spawnattr_init(&attributes_);
    // A group of its own: Ctrl-C is for the runner, which tells its cells.
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnRecipe() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnRecipe(const SpawnRecipe&) = delete;
  SpawnRecipe& operator=(const SpawnRecipe&) = delete;

  [[nodiscard]] base::Result<pid_t> spawn(const std::string& program) const {
    std::string name = program;
    std::array<char*, 2> argv{name.data(), nullptr};
    pid_t pid = -1;
    const int err = ::posix_spawn(&pid, program.c_str(), &actions_,
                                  &attributes_, argv.data(), environ);
    if (err != 0) {
      return base::fail("start helper", program, err,
                        "DRIFTCAGE_CELL names another one");
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// One cell. Lives as long as one of its handlers is pending.
class Cell : public std::enable_shared_from_this<Cell> {
 public:
  using Ended = std::function<void(const std::shared_ptr<Cell>&)>;

  Cell(asio::io_context& io, milliseconds grace, CellObserver observer,
       Ended ended)
      : io_(io),
        grace_(grace),
        observer_(std::move(observer)),
        ended_(std::move(ended)),
        spec_(io),
        events_(io),
        out_(io),
        err_(io),
        process_(io.get_executor()),
        timer_(io) {}

  base::Status start(const std::string& program, const model::CageSpec& spec,
                     Stdio stdio, int terminal) {
    Pipes pipes = DRIFTCAGE_TRY(make_pipes(stdio));
    const pid_t pid =
        DRIFTCAGE_TRY(SpawnRecipe(pipes, stdio, terminal).spawn(program));
    // The child's ends must be closed here, or no end of file ever comes.
    pipes.spec.read.reset();
    pipes.events.write.reset();
    pipes.out.write.reset();
    pipes.err.write.reset();
    try {
      process_ = Process(io_.get_executor(), pid);
      spec_.assign(pipes.spec.write.get());
      (void)pipes.spec.write.release();
      events_.assign(pipes.events.read.get());
      (void)pipes.events.read.release();
      if (stdio == Stdio::Capture) {
        out_.assign(pipes.out.read.get());
        (void)pipes.out.read.release();
        err_.assign(pipes.err.read.get());
        (void)pipes.err.read.release();
      }
    } catch (const boost::system::system_error& error) {
      // pidfd_open(2) or epoll refused; nobody else will reap it.
      (void)process_.detach();
      ::kill(pid, SIGKILL);
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      return base::fail("watch helper", program, error.code().value());
    }
    program_ = program;
    if (spec.timeout_ms > 0) timeout_ = milliseconds(spec.timeout_ms) + grace_;
    send(spec);
    events_buffer_.resize(kEventBuffer);
    ++streams_;
    read_events();
    if (stdio == Stdio::Capture) {
      streams_ += 2;
      out_buffer_.resize(kOutputBuffer);
      err_buffer_.resize(kOutputBuffer);
      read_output(out_, out_buffer_, observer_.out);
      read_output(err_, err_buffer_, observer_.err);
    }
    wait();
    watch_time();
    return {};
  }

  // Asks the cell to end, or kills it when that was done before.
  void cancel() {
    if (exited_) return;
    if (cancelled_) {
      kill();
      return;
    }
    cancelled_ = true;
    ErrorCode ignored;
    spec_.close(ignored);
    set_timer(grace_, [this] { give_up("did not end when asked to"); });
  }

  // For a cell that could not be started.
  void fail(base::Error error) {
    exited_ = true;
    broken_ = std::move(error);
    asio::post(io_, [self = shared_from_this()] { self->finish_if_over(); });
  }

 private:
  template <class Action>
  void set_timer(milliseconds delay, Action action) {
    timer_.expires_after(delay);
    timer_.async_wait([self = shared_from_this(), action](ErrorCode error) {
      if (!error) action();
    });
  }

  // A cell keeps the time of its payload itself; this is for one that hangs.
  void watch_time() {
    if (timeout_.count() == 0) return;
    set_timer(timeout_, [this] { give_up("did not end in time"); });
  }

  void send(const model::CageSpec& spec) {
    const std::string body = wire::encode_spec(spec);
    const auto size = static_cast<std::uint32_t>(body.size());
    for (int shift = 0; shift < 32; shift += 8) {
      message_.push_back(static_cast<char>(size >> shift));
    }
    message_ += body;
    // A failure shows as a cell that ends without a result.
    asio::async_write(spec_, asio::buffer(message_),
                      [self = shared_from_this()](ErrorCode, std::size_t) {
                        self->message_ = {};
                      });
  }

  void read_events() {
    events_.async_read_some(
        asio::buffer(events_buffer_),
        [self = shared_from_this()](ErrorCode error, std::size_t size) {
          if (error) {
            self->stream_ended(self->events_);
            return;
          }
          self->take_events({self->events_buffer_.data(), size});
          self->read_events();
        });
  }

  void take_events(std::string_view bytes) {
    if (broken_) return;  // only drained
    if (observer_.trace_bytes) observer_.trace_bytes(bytes);
    decoder_.feed(bytes);
    while (true) {
      auto record = decoder_.next();
      if (!record) {
        break_off(record.error());
        return;
      }
      if (!*record) return;
      if (!take_record(**record)) return;
    }
  }

  bool take_record(const wire::Record& record) {
    if (const auto* hello = std::get_if<wire::Hello>(&record);
        hello != nullptr && hello->version != wire::kVersion) {
      break_off({"read event stream",
                 "version " + std::to_string(hello->version), 0,
                 "runner and driftcage-cell are of different builds"});
      return false;
    }
    if (end_) {
      break_off({"read event stream", "a record after the last one", 0, ""});
      return false;
    }
    if (const auto* end = std::get_if<wire::End>(&record)) end_ = *end;
    if (std::holds_alternative<wire::CageUp>(record) && !cancelled_ &&
        !exited_) {
      // What the set-up took is not taken from the payload.
      watch_time();
    }
    if (observer_.record) observer_.record(record);
    return true;
  }

  void read_output(Descriptor& stream, std::vector<char>& buffer,
                   const std::function<void(std::string_view)>& observer) {
    stream.async_read_some(asio::buffer(buffer),
                           [self = shared_from_this(), &stream, &buffer,
                            &observer](ErrorCode error, std::size_t size) {
                             if (error) {
                               self->stream_ended(stream);
                               return;
                             }
                             if (observer) observer({buffer.data(), size});
                             self->read_output(stream, buffer, observer);
                           });
  }

  void stream_ended(Descriptor& stream) {
    ErrorCode ignored;
    stream.close(ignored);
    --streams_;
    finish_if_over();
  }

  void wait() {
    process_.async_wait([self = shared_from_this()](ErrorCode error, int) {
      // The plain int cannot tell exit 9 from SIGKILL.
      if (!error) {
        self->status_ = base::WaitStatus(self->process_.native_exit_code());
      }
      // Reaped: its destructor must not wait for a pid that is free again.
      (void)self->process_.detach();
      self->exited_ = true;
      // Somebody else may hold a pipe open; a cage's processes cannot.
      self->set_timer(std::min(kDrain, self->grace_),
                      [cell = self.get()] { cell->close_streams(); });
      self->finish_if_over();
    });
  }

  void close_streams() {
    ErrorCode ignored;
    for (Descriptor* stream : {&events_, &out_, &err_}) {
      if (stream->is_open()) stream->cancel(ignored);
    }
  }

  void break_off(base::Error error) {
    if (!broken_) broken_ = std::move(error);
    kill();
  }

  void give_up(const char* why) {
    break_off({std::string("the helper ") + why, program_, 0, ""});
  }

  void kill() {
    if (exited_) return;
    ErrorCode ignored;
    process_.terminate(ignored);
  }

  void finish_if_over() {
    if (!exited_ || streams_ > 0 || over_) return;
    over_ = true;
    timer_.cancel();
    ErrorCode ignored;
    spec_.close(ignored);
    const auto self = shared_from_this();
    auto result = take_result();
    if (observer_.done) observer_.done(std::move(result));
    ended_(self);
  }

  base::Result<wire::End> take_result() {
    if (broken_) return tl::make_unexpected(*std::move(broken_));
    if (end_) return *std::move(end_);
    return base::fail("the helper ended with " + status_.text() +
                          " before it reported a result",
                      program_);
  }

  asio::io_context& io_;
  const milliseconds grace_;
  CellObserver observer_;
  Ended ended_;
  Descriptor spec_;
  Descriptor events_;
  Descriptor out_;
  Descriptor err_;
  Process process_;
  Timer timer_;
  milliseconds timeout_{0};  // 0: none
  std::string program_;
  std::string message_;
  std::vector<char> events_buffer_;
  std::vector<char> out_buffer_;
  std::vector<char> err_buffer_;
  wire::Decoder decoder_;
  std::optional<wire::End> end_;
  std::optional<base::Error> broken_;
  base::WaitStatus status_;
  int streams_ = 0;
  bool exited_ = false;
  bool cancelled_ = false;
  bool over_ = false;
};

// Bytes from one descriptor to another until either ends; one piece at a time,
// so that a slow reader holds the writer back.
class Pump {
 public:
  Pump(Descriptor& from, Descriptor& to) : from_(from), to_(to) {}
  void start() {
    from_.async_read_some(
        asio::buffer(buffer_), [this](ErrorCode error, std::size_t size) {
          if (error || !to_.is_open()) return;
          asio::async_write(to_, asio::buffer(buffer_.data(), size),
                            [this](ErrorCode failed, std::size_t) {
                              if (!failed && from_.is_open()) start();
                            });
        });
  }

 private:
  Descriptor& from_;
  Descriptor& to_;
  std::array<char, 4096> buffer_{};
};

// A terminal and a pty, joined.
class Relay {
 public:
  Relay(asio::io_context& io, const LoopHooks& hooks)
      : terminal_(io),
        pty_(io),
        sizes_(io),
        keys_(terminal_, pty_),
        screen_(pty_, terminal_) {
    ErrorCode refused;
    terminal_.assign(hooks.terminal, refused);
    if (!refused) pty_.assign(hooks.pty, refused);
    if (refused) return;
    pty_.non_blocking(true, refused);
    sizes_.add(SIGWINCH, refused);
    follow_size();
    keys_.start();
    screen_.start();
  }
  // Must outlive the handlers that this leaves behind.
  void stop() {
    if (!pty_.is_open()) return;
    drain();
    ErrorCode ignored;
    sizes_.cancel(ignored);
    // Both are the caller's.
    (void)terminal_.release();
    (void)pty_.release();
  }

 private:
  void follow_size() {
    struct ::winsize size {};
    if (::ioctl(terminal_.native_handle(), TIOCGWINSZ, &size) == 0) {
      ::ioctl(pty_.native_handle(), TIOCSWINSZ, &size);
    }
    sizes_.async_wait([this](ErrorCode error, int) {
      if (!error && pty_.is_open()) follow_size();
    });
  }
  // What was printed last may still be on its way.
  void drain() {
    ErrorCode ended;
    std::array<char, 4096> rest{};
    while (!ended) {
      const std::size_t size = pty_.read_some(asio::buffer(rest), ended);
      if (ended || size == 0) return;
      asio::write(terminal_, asio::buffer(rest.data(), size), ended);
    }
  }

  Descriptor terminal_;
  Descriptor pty_;
  asio::signal_set sizes_;
  Pump keys_;
  Pump screen_;
};

// Timers and questions of LoopHooks. Must outlive the handlers that stop()
// leaves behind.
class Extras {
 public:
  Extras(asio::io_context& io, const LoopHooks& hooks)
      : hooks_(hooks),
        tick_(io),
        deadline_(io),
        queries_(io),
        keys_(io),
        door_(io) {
    if (hooks.on_tick && hooks.tick.count() > 0) await_tick();
    if (hooks.on_deadline && hooks.deadline.count() > 0) {
      deadline_.expires_after(hooks.deadline);
      deadline_.async_wait([this](ErrorCode error) {
        if (!error && !stopped_) hooks_.on_deadline();
      });
    }
    if (hooks.on_door && hooks.door >= 0) {
      ErrorCode refused;
      door_.assign(hooks.door, refused);
      if (!refused) await_visitor();
    }
    if (!hooks.on_query) return;
    queries_.add(SIGUSR1);
    await_query();
    if (hooks.keys >= 0) {
      ErrorCode refused;  // a file, which is always readable
      keys_.assign(hooks.keys, refused);
      if (!refused) await_key();
    }
  }
  void stop() {
    stopped_ = true;
    tick_.cancel();
    deadline_.cancel();
    queries_.cancel();
    // The descriptor is the caller's.
    if (keys_.is_open()) (void)keys_.release();
    if (door_.is_open()) (void)door_.release();
  }

 private:
  void await_tick() {
    tick_.expires_after(hooks_.tick);
    tick_.async_wait([this](ErrorCode error) {
      if (error || stopped_) return;
      hooks_.on_tick();
      await_tick();
    });
  }
  void await_query() {
    queries_.async_wait([this](ErrorCode error, int) {
      if (error || stopped_) return;
      hooks_.on_query();
      await_query();
    });
  }
  void await_key() {
    keys_.async_read_some(asio::buffer(key_),
                          [this](ErrorCode error, std::size_t) {
                            if (error || stopped_) return;
                            hooks_.on_query();
                            await_key();
                          });
  }

  void await_visitor() {
    door_.async_wait(Descriptor::wait_read, [this](ErrorCode error) {
      if (error || stopped_) return;
      hooks_.on_door();
      await_visitor();
    });
  }

  const LoopHooks& hooks_;
  Timer tick_;
  Timer deadline_;
  asio::signal_set queries_;
  Descriptor keys_;
  Descriptor door_;
  std::array<char, 16> key_{};
  bool stopped_ = false;
};

}  // namespace

namespace {

// By whoever started this program, who wants it to be so: nohup(1), or a shell
// for what it runs in the background.
bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

}  // namespace

struct Launcher::State {
  State(std::string cell, milliseconds patience)
      : program(std::move(cell)), grace(patience) {}

  void await_signal(asio::signal_set& signals, int& first,
                    const std::function<void(int)>& on_signal);

  const std::string program;
  const milliseconds grace;
  asio::io_context io{1};  // one thread: no locks
  std::set<std::shared_ptr<Cell>> cells;
  struct sigaction old_pipe_action {};
};

Launcher::Launcher(std::string cell, milliseconds grace)
    : state_(std::make_unique<State>(std::move(cell), grace)) {
  // A cell that dies while its spec is written must not end the runner.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &state_->old_pipe_action);
}

Launcher::~Launcher() {
  ::sigaction(SIGPIPE, &state_->old_pipe_action, nullptr);
}

void Launcher::start(const model::CageSpec& spec, Stdio stdio,
                     CellObserver observer, int terminal) {
  State& state = *state_;
  auto cell =
      std::make_shared<Cell>(state.io, state.grace, std::move(observer),
                             [&state](const std::shared_ptr<Cell>& ended) {
                               state.cells.erase(ended);
                             });
  state.cells.insert(cell);
  auto started = cell->start(state.program, spec, stdio, terminal);
  if (!started) {
    cell->fail(std::move(started).error());
  }
}

void Launcher::State::await_signal(asio::signal_set& signals, int& first,
                                   const std::function<void(int)>& on_signal) {
  signals.async_wait([&, this](ErrorCode error, int number) {
    if (error) return;
    const bool again = first != 0;
    if (!again) first = number;
    if (!again && on_signal) {
      on_signal(number);
    } else {
      // A copy: a cell that fails at once leaves the set.
      const auto running = cells;
      for (const auto& cell : running) cell->cancel();
    }
    await_signal(signals, first, on_signal);
  });
}

int Launcher::run(const LoopHooks& hooks) {
  State& state = *state_;
  int first = 0;
  state.io.restart();
  Extras extras(state.io, hooks);
  std::optional<Relay> relay;
  if (hooks.pty >= 0) relay.emplace(state.io, hooks);
  {
    asio::signal_set signals(state.io);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      if (!is_ignored(number)) signals.add(number);
    }
    state.await_signal(signals, first, hooks.on_signal);
    while (!state.cells.empty()) state.io.run_one();
  }
  extras.stop();
  if (relay) relay->stop();
  state.io.restart();
  state.io.poll();  // handlers of what was just cancelled
  return first;
}

int Launcher::run(const std::function<void(int signal)>& on_signal) {
  LoopHooks hooks;
  hooks.on_signal = on_signal;
  return run(hooks);
}

void Launcher::cancel_all() {
  const auto running = state_->cells;
  for (const auto& cell : running) cell->cancel();
}

std::size_t Launcher::running() const { return state_->cells.size(); }

}  // namespace driftcage::run

// SPDX-License-Identifier: Apache-2.0
#include "harness/run/cell_process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

namespace driftcage::run {
namespace {

constexpr std::size_t kEventBuffer = 1 << 16;
constexpr std::size_t kOutputBuffer = 1 << 14;
// How long output may go on after the cell has ended.
constexpr std::chrono::milliseconds kDrain{2000};

void take(base::UniqueFd& from, Descriptor& into) {
  into.assign(from.get());
  (void)from.release();
}

}  // namespace

CellProcess::CellProcess(asio::io_context& io, Duration grace,
                         CellObserver observer, Ended ended)
    : io_(io),
      grace_(grace),
      observer_(std::move(observer)),
      ended_(std::move(ended)),
      spec_(io),
      events_(io),
      out_(io),
      err_(io),
      process_(io.get_executor()),
      pid_(io),
      timer_(io) {}

base::Status CellProcess::start(Spawned spawned, const std::string& program,
                                const model::CageSpec& spec) {
  const bool captured = static_cast<bool>(spawned.out);
  try {
    process_ = Process(io_.get_executor(), spawned.pid);
    pid_.assign(static_cast<int>(::syscall(SYS_pidfd_open, spawned.pid, 0)));
    take(spawned.spec, spec_);
    take(spawned.events, events_);
    if (captured) {
      take(spawned.out, out_);
      take(spawned.err, err_);
    }
  } catch (const boost::system::system_error& error) {
    // pidfd_open(2) or epoll refused; nobody else will reap it.
    (void)process_.detach();
    ::kill(spawned.pid, SIGKILL);
    while (::waitpid(spawned.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return base::fail("watch helper", program, error.code().value());
  }
  program_ = program;
  if (spec.timeout_ms > 0) timeout_ = Duration(spec.timeout_ms) + grace_;
  send(spec);
  events_buffer_ = std::make_unique_for_overwrite<char[]>(kEventBuffer);
  ++streams_;
  read_events();
  if (captured) {
    streams_ += 2;
    out_buffer_ = std::make_unique_for_overwrite<char[]>(kOutputBuffer);
    err_buffer_ = std::make_unique_for_overwrite<char[]>(kOutputBuffer);
    read_output(out_, out_buffer_, observer_.out);
    read_output(err_, err_buffer_, observer_.err);
  }
  wait();
  watch_time();
  return {};
}

void CellProcess::cancel() {
  if (exited_) return;
  if (cancelled_) {
    kill();
    return;
  }
  cancelled_ = true;
  if (over_) return;
  ErrorCode ignored;
  spec_.close(ignored);
  set_timer(grace_, [this] { give_up("did not end when asked to"); });
}

void CellProcess::fail(base::Error error) {
  exited_ = true;
  gone_ = true;  // it never had a cage
  broken_ = std::move(error);
  asio::post(io_, [self = shared_from_this()] { self->finish_if_over(); });
}

template <class Action>
void CellProcess::set_timer(Duration delay, Action action) {
  timer_.expires_after(delay);
  timer_.async_wait([self = shared_from_this(), action](ErrorCode error) {
    if (!error) action();
  });
}

// A cell keeps the time of its payload itself; this is for one that hangs.
void CellProcess::watch_time() {
  if (timeout_.count() == 0) return;
  set_timer(timeout_, [this] { give_up("did not end in time"); });
}

void CellProcess::send(const model::CageSpec& spec) {
  const std::string body = wire::encode_spec(spec);
  const auto size = static_cast<std::uint32_t>(body.size());
  for (int shift = 0; shift < 32; shift += 8) {
    message_.push_back(static_cast<char>(size >> shift));
  }
  message_ += body;
  asio::async_write(spec_, asio::buffer(message_),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      self->message_ = {};
                      // One that is gone ends without a result.
                      if (error && error != asio::error::broken_pipe &&
                          error != asio::error::operation_aborted) {
                        self->break_off({"send the cage's description",
                                         self->program_, error.value(), ""});
                      }
                    });
}

void CellProcess::read_events() {
  events_.async_read_some(
      asio::buffer(events_buffer_.get(), kEventBuffer),
      [self = shared_from_this()](ErrorCode error, std::size_t size) {
        if (error) {
          self->stream_ended(self->events_, error);
          return;
        }
        self->take_events({self->events_buffer_.get(), size});
        self->read_events();
      });
}

void CellProcess::take_events(std::string_view bytes) {
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

bool CellProcess::take_record(const wire::Record& record) {
  if (const auto* hello = std::get_if<wire::Hello>(&record);
      hello != nullptr && hello->version != wire::kVersion) {
    break_off({"read event stream", "version " + std::to_string(hello->version),
               0, "runner and driftcage-cell are of different builds"});
    return false;
  }
  if (end_) {
    break_off({"read event stream", "a record after the last one", 0, ""});
    return false;
  }
  if (const auto* end = std::get_if<wire::End>(&record)) end_ = *end;
  if (std::holds_alternative<wire::CageUp>(record) && !cancelled_ && !exited_) {
    // What the set-up took is not taken from the payload.
    watch_time();
  }
  if (observer_.record) observer_.record(record);
  return true;
}

void CellProcess::read_output(
    Descriptor& stream, const Buffer& buffer,
    const std::function<void(std::string_view)>& observer) {
  stream.async_read_some(asio::buffer(buffer.get(), kOutputBuffer),
                         [self = shared_from_this(), &stream, &buffer,
                          &observer](ErrorCode error, std::size_t size) {
                           if (error) {
                             self->stream_ended(stream, error);
                             return;
                           }
                           if (observer) observer({buffer.get(), size});
                           self->read_output(stream, buffer, observer);
                         });
}

void CellProcess::stream_ended(Descriptor& stream, ErrorCode error) {
  // What was not read may be what the verdict depends on.
  if (error != asio::error::eof && error != asio::error::operation_aborted) {
    break_off({"read what a leg wrote", program_, error.value(), ""});
  }
  ErrorCode ignored;
  stream.close(ignored);
  --streams_;
  finish_if_over();
}

// Not by Process::async_wait, which waits with waitpid(2) when the reactor says
// that the process has ended. The reactor can say that too early: what is left
// in its queue for a descriptor that was closed goes to the one that took its
// place there, and the whole loop would stand still until that one has ended.
void CellProcess::wait() {
  pid_.async_wait(Descriptor::wait_read,
                  [self = shared_from_this()](ErrorCode error) {
                    siginfo_t info{};
                    if (!error &&
                        ::waitid(P_PID, static_cast<id_t>(self->process_.id()),
                                 &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                        info.si_pid == 0) {
                      self->wait();
                      return;
                    }
                    self->take_exit();
                  });
}

void CellProcess::take_exit() {
  ErrorCode error;
  process_.wait(error);
  // The plain int cannot tell exit 9 from SIGKILL.
  if (!error) status_ = base::WaitStatus(process_.native_exit_code());
  // Reaped: its destructor must not wait for a pid that is free again.
  (void)process_.detach();
  pid_.close(error);
  exited_ = true;
  // Somebody else may hold a pipe open; a cage's processes cannot.
  set_timer(std::min(kDrain, grace_), [cell = this] { cell->close_streams(); });
  finish_if_over();
}

void CellProcess::close_streams() {
  ErrorCode ignored;
  for (Descriptor* stream : {&events_, &out_, &err_}) {
    if (stream->is_open()) stream->cancel(ignored);
  }
}

void CellProcess::break_off(base::Error error) {
  if (!broken_) broken_ = std::move(error);
  kill();
}

void CellProcess::give_up(const char* why) {
  break_off({std::string("the helper ") + why, program_, 0, ""});
}

void CellProcess::kill() {
  if (exited_) return;
  ErrorCode ignored;
  process_.terminate(ignored);
}

void CellProcess::finish_if_over() {
  const auto self = shared_from_this();
  if (!over_ && streams_ == 0 && (exited_ || (end_ && !broken_))) {
    over_ = true;
    ErrorCode ignored;
    spec_.close(ignored);
    gone_ = gone_ || (!broken_ && end_ && end_->outcome != wire::Outcome::Leak);
    // For one that does not end in spite of its last word.
    if (!exited_) set_timer(grace_, [this] { kill(); });
    auto result = take_result();
    if (observer_.done) observer_.done(std::move(result));
  }
  if (!over_ || !exited_) return;
  timer_.cancel();
  // Only once: its handlers may come later than its end.
  if (const auto ended = std::exchange(ended_, nullptr)) ended(self, gone_);
}

base::Result<wire::End> CellProcess::take_result() {
  if (broken_) return tl::make_unexpected(*std::move(broken_));
  if (end_) return *std::move(end_);
  return base::fail("the helper ended with " + status_.text() +
                        " before it reported a result",
                    program_);
}

}  // namespace driftcage::run

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/wait_status.h"
#include "harness/run/asio.h"
#include "harness/run/launcher.h"
#include "harness/run/spawn.h"
#include "harness/wire/codec.h"

namespace driftcage::run {

// One driftcage-cell on an event loop, from its start until it was reaped and
// its streams have ended. Its result is known before: what a cell does after it
// has told it, others need not wait for. Lives as long as one of its handlers
// is pending.
class CellProcess : public std::enable_shared_from_this<CellProcess> {
 public:
  // `gone`: nothing of its cage is left, for sure.
  using Ended =
      std::function<void(const std::shared_ptr<CellProcess>&, bool gone)>;
  using Duration = std::chrono::milliseconds;

  // `ended` is called after the observer's `done`.
  CellProcess(asio::io_context& io, Duration grace, CellObserver observer,
              Ended ended);

  // Takes over a cell of `program` that was just started, and gives it `spec`.
  // After an error nothing of it is left.
  base::Status start(Spawned spawned, const std::string& program,
                     const model::CageSpec& spec);
  // Asks the cell to end, or kills it when that was done before.
  void cancel();
  // For a cell that could not be started: `done` comes in the loop all the
  // same.
  void fail(base::Error error);

 private:
  // Not cleared, and so not even there before something is read into it.
  using Buffer = std::unique_ptr<char[]>;

  template <class Action>
  void set_timer(Duration delay, Action action);
  void watch_time();
  void send(const model::CageSpec& spec);
  void read_events();
  void take_events(std::string_view bytes);
  bool take_record(const wire::Record& record);
  void read_output(Descriptor& stream, const Buffer& buffer,
                   const std::function<void(std::string_view)>& observer);
  void stream_ended(Descriptor& stream, ErrorCode error);
  void wait();
  void take_exit();
  void close_streams();
  void break_off(base::Error error);
  void give_up(const char* why);
  void kill();
  void finish_if_over();
  base::Result<wire::End> take_result();

  asio::io_context& io_;
  const Duration grace_;
  CellObserver observer_;
  Ended ended_;
  Descriptor spec_;
  Descriptor events_;
  Descriptor out_;
  Descriptor err_;
  Process process_;
  Descriptor pid_;  // readable when it has ended
  Timer timer_;
  Duration timeout_{0};  // 0: none
  std::string program_;
  std::string message_;
  Buffer events_buffer_;
  Buffer out_buffer_;
  Buffer err_buffer_;
  wire::Decoder decoder_;
  std::optional<wire::End> end_;
  std::optional<base::Error> broken_;
  base::WaitStatus status_;
  int streams_ = 0;
  bool exited_ = false;
  bool cancelled_ = false;
  bool over_ = false;  // `done` was called
  bool gone_ = false;  // as Ended says
};

}  // namespace driftcage::run

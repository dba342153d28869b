// SPDX-License-Identifier: Apache-2.0
#include "harness/report/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"

namespace driftcage::report {
namespace {

constexpr std::size_t kBuffer = 1u << 16;

bool is_special(const std::string& file) {
  struct ::stat status {};
  return ::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

base::Result<Sink> Sink::open(const std::string& file, Mode mode) {
  Sink sink;
  sink.file_ = file;
  if (file == "-") {
    sink.to_stdout_ = true;
    return sink;
  }
  if (mode == Mode::Append || is_special(file)) {
    const int flags = mode == Mode::Append ? O_CREAT | O_APPEND : 0;
    sink.fd_ = DRIFTCAGE_TRY(base::sys::open(file, O_WRONLY | flags, 0644));
    return sink;
  }
  sink.beside_ = file + "." + std::to_string(::getpid()) + ".part";
  auto opened = base::sys::open(sink.beside_,
                                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (!opened) {
    sink.beside_.clear();
    base::Error error = std::move(opened).error();
    error.step = "write report";
    error.object = file;
    if (error.err == ENOENT) error.hint = "make its folder first";
    return tl::make_unexpected(std::move(error));
  }
  sink.fd_ = *std::move(opened);
  return sink;
}

base::Status Sink::check_place(const std::string& file, Mode mode) {
  if (file == "-") return {};
  const auto refuse = [&](int err) {
    return base::fail("write report", file, err,
                      err == ENOENT ? "make its folder first" : "");
  };
  struct ::stat status {};
  const bool there = ::stat(file.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) return refuse(EISDIR);
  // What is written to directly needs nothing of its folder.
  if (there && (mode == Mode::Append || !S_ISREG(status.st_mode))) {
    if (::access(file.c_str(), W_OK) != 0) return refuse(errno);
    return {};
  }
  const std::string folder(base::path::dir_name(file));
  if (::stat(folder.c_str(), &status) != 0) return refuse(errno);
  if (!S_ISDIR(status.st_mode)) return refuse(ENOTDIR);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return refuse(errno);
  return {};
}

Sink::~Sink() {
  if (fd_ && !beside_.empty()) ::unlink(beside_.c_str());
}

void Sink::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer && status_) status_ = flush();
}

base::Status Sink::flush() {
  const std::string text = std::exchange(buffer_, {});
  return base::sys::write_all(to_stdout_ ? STDOUT_FILENO : fd_.get(), text,
                              file_);
}

base::Status Sink::done() {
  if (status_) status_ = flush();
  DRIFTCAGE_CHECK_OK(std::move(status_));
  if (beside_.empty()) return {};
  if (std::rename(beside_.c_str(), file_.c_str()) != 0) {
    return base::fail("write report", file_, errno);
  }
  fd_.reset();
  return {};
}

}  // namespace driftcage::report

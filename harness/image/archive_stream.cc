// SPDX-License-Identifier: Apache-2.0
#include "harness/image/archive_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/sys.h"
#include "harness/image/digest.h"

namespace driftcage::image {
namespace {

constexpr std::size_t kPiece = 256u << 10;  // fits the second-level cache
constexpr std::size_t kAhead = 16;          // pieces between the two threads

using Piece = std::vector<char>;

bool is_compressed(std::string_view head) {
  using std::string_view_literals::operator""sv;
  return head.starts_with("\x1f\x8b"sv) ||
         head.starts_with("\xfd\x37zXZ\0"sv) ||
         head.starts_with("\x28\xb5\x2f\xfd"sv);
}

// Reads the stored bytes and takes their digest.
class BlobReader {
 public:
  explicit BlobReader(BlobSource source) : source_(std::move(source)) {}

  // Up to one piece; empty at the end.
  base::Result<Piece> read() {
    Piece piece(kPiece);
    std::size_t filled = 0;
    while (filled < piece.size()) {
      const std::size_t wanted = wanted_of(piece.size() - filled);
      if (wanted == 0) break;
      const ssize_t size = read_some(piece.data() + filled, wanted);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return base::fail("read", source_.name, errno);
      if (size == 0) break;
      filled += static_cast<std::size_t>(size);
      done_ += static_cast<std::uint64_t>(size);
    }
    piece.resize(filled);
    hash_.add({piece.data(), piece.size()});
    return piece;
  }
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] std::string digest() { return hash_.finish(); }
  [[nodiscard]] const std::string& name() const { return source_.name; }

 private:
  [[nodiscard]] std::size_t wanted_of(std::size_t room) const {
    if (!source_.offset) return room;
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(room, source_.size - done_));
  }
  ssize_t read_some(char* to, std::size_t size) const {
    if (!source_.offset) return ::read(source_.fd->get(), to, size);
    return ::pread(source_.fd->get(), to, size,
                   static_cast<off_t>(*source_.offset + done_));
  }

  BlobSource source_;
  Sha256 hash_;
  std::uint64_t done_ = 0;
};

struct ArchiveFree {
  void operator()(::archive* reader) const { ::archive_read_free(reader); }
};

// The decoder's view of the reader: a first piece that was looked at already,
// then the rest.
struct DecoderInput {
  BlobReader* reader = nullptr;
  Piece piece;
  bool fresh = true;  // `piece` was not handed out yet
  std::optional<base::Error> error;
};

la_ssize_t decoder_read(::archive* decoder, void* data, const void** bytes) {
  auto* input = static_cast<DecoderInput*>(data);
  if (!input->fresh) {
    auto piece = input->reader->read();
    if (!piece) {
      ::archive_set_error(decoder, piece.error().err, "read error");
      input->error = std::move(piece).error();
      return -1;
    }
    input->piece = *std::move(piece);
  }
  input->fresh = false;
  *bytes = input->piece.data();
  return static_cast<la_ssize_t>(input->piece.size());
}

}  // namespace

base::Result<BlobSource> open_blob(const std::string& path) {
  BlobSource source;
  source.name = path;
  source.fd = std::make_shared<base::UniqueFd>(
      DRIFTCAGE_TRY(base::sys::open(path, O_RDONLY)));
  return source;
}

struct BlobStream::State {
  State(BlobSource source, const StreamLimits& wanted)
      : reader(std::move(source)), limits(wanted) {}

  // The decompressing side. Everything up to the thread's end.
  void produce();
  base::Status produce_decoded(Piece first);
  // False when the other side has gone.
  bool push(Piece piece);
  base::Status check_limits(std::size_t more);

  BlobReader reader;
  StreamLimits limits;
  std::uint64_t made = 0;  // bytes out, producer only

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Piece> ready;
  bool ended = false;    // the producer has
  bool stopped = false;  // the consumer has
  bool compressed = false;
  std::optional<base::Error> error;

  // Consumer only.
  Piece current;
  Sha256 content;
  std::uint64_t content_size = 0;
  std::thread thread;
};

base::Status BlobStream::State::check_limits(std::size_t more) {
  made += more;
  if (made > limits.bytes) {
    return base::fail("unpack", reader.name(), EFBIG,
                      fmt::format("it holds more than {} bytes", limits.bytes));
  }
  if (made > limits.ratio_from && made / limits.ratio > reader.done()) {
    return base::fail("unpack", reader.name(), EFBIG,
                      fmt::format("it grows to more than {} times its size, "
                                  "as a decompression bomb does",
                                  limits.ratio));
  }
  return {};
}

bool BlobStream::State::push(Piece piece) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [this] { return stopped || ready.size() < kAhead; });
  if (stopped) return false;
  ready.push_back(std::move(piece));
  changed.notify_all();
  return true;
}

base::Status BlobStream::State::produce_decoded(Piece first) {
  const std::unique_ptr<::archive, ArchiveFree> decoder(::archive_read_new());
  ::archive_read_support_filter_gzip(decoder.get());
  ::archive_read_support_filter_xz(decoder.get());
  ::archive_read_support_filter_zstd(decoder.get());
  ::archive_read_support_format_raw(decoder.get());
  ::archive_read_support_format_empty(decoder.get());
  DecoderInput input{&reader, std::move(first), true, {}};
  const auto failed = [&]() -> base::Status {
    if (input.error) return tl::make_unexpected(*std::move(input.error));
    const char* said = ::archive_error_string(decoder.get());
    return base::fail("decompress", reader.name(), 0,
                      said == nullptr ? "the compressed data is damaged"
                                      : std::string("decoder: ") + said);
  };
  ::archive_entry* entry = nullptr;
  if (::archive_read_open(decoder.get(), &input, nullptr, decoder_read,
                          nullptr) != ARCHIVE_OK) {
    return failed();
  }
  int status = ::archive_read_next_header(decoder.get(), &entry);
  if (status != ARCHIVE_EOF && status < ARCHIVE_WARN) return failed();
  while (status != ARCHIVE_EOF) {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    status = ::archive_read_data_block(decoder.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return failed();
    DRIFTCAGE_CHECK_OK(check_limits(size));
    const char* begin = static_cast<const char*>(bytes);
    if (!push(Piece(begin, begin + size))) return {};
  }
  // What stands behind the compressed data counts for the blob's digest.
  while (!DRIFTCAGE_TRY(reader.read()).empty()) {
  }
  return {};
}

void BlobStream::State::produce() {
  const auto work = [this]() -> base::Status {
    Piece piece = DRIFTCAGE_TRY(reader.read());
    if (is_compressed({piece.data(), piece.size()})) {
      compressed = true;
      return produce_decoded(std::move(piece));
    }
    while (!piece.empty()) {
      DRIFTCAGE_CHECK_OK(check_limits(piece.size()));
      if (!push(std::move(piece))) return {};
      piece = DRIFTCAGE_TRY(reader.read());
    }
    return {};
  };
  auto status = work();
  const std::lock_guard lock(mutex);
  if (!status) error = std::move(status).error();
  ended = true;
  changed.notify_all();
}

BlobStream::BlobStream(BlobSource source, const StreamLimits& limits)
    : state_(std::make_unique<State>(std::move(source), limits)) {
  state_->thread = std::thread([state = state_.get()] { state->produce(); });
}

BlobStream::~BlobStream() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->changed.notify_all();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

base::Result<std::string_view> BlobStream::next() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock,
                     [&state] { return !state.ready.empty() || state.ended; });
  if (state.ready.empty()) {
    if (state.error) return tl::make_unexpected(*state.error);
    return std::string_view();
  }
  state.current = std::move(state.ready.front());
  state.ready.pop_front();
  state.changed.notify_all();
  const bool compressed = state.compressed;
  lock.unlock();
  const std::string_view piece(state.current.data(), state.current.size());
  // Bytes that were stored as they are have their digest already.
  if (compressed) state.content.add(piece);
  state.content_size += piece.size();
  return piece;
}

base::Result<StreamSummary> BlobStream::finish() {
  while (!DRIFTCAGE_TRY(next()).empty()) {
  }
  State& state = *state_;
  if (state.thread.joinable()) state.thread.join();
  StreamSummary summary;
  summary.blob_digest = state.reader.digest();
  summary.blob_size = state.reader.done();
  summary.content_digest =
      state.compressed ? state.content.finish() : summary.blob_digest;
  summary.content_size = state.content_size;
  return summary;
}

}  // namespace driftcage::image

// SPDX-License-Identifier: Apache-2.0
// Registries, daemons and local storages through skopeo: it knows their
// protocols and where credentials lie.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <string_view>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/interrupt.h"
#include "harness/image/sources.h"
#include "harness/image/subprocess.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {
namespace {

struct Explanation {
  std::string_view part;  // of the message, lower case as skopeo writes it
  std::string_view hint;
};

// From the special to the general: the first that fits counts.
constexpr std::array<Explanation, 20> kExplanations{{
    {"server gave HTTP response to HTTPS client",
     "the registry speaks plain HTTP: if you trust the network, `driftcage "
     "image pull --no-tls-verify REF` first"},
    {"x509:",
     "the registry's certificate is not trusted here: install its authority "
     "below /etc/containers/certs.d, or `driftcage image pull --no-tls-verify "
     "REF` first"},
    {"unauthorized", "log in with `skopeo login`, or give --authfile"},
    {"authentication required",
     "log in with `skopeo login`, or give --authfile"},
    {"requested access to the resource is denied",
     "the account may not read it, or it does not exist: log in with `skopeo "
     "login`, or give --authfile"},
    {"toomanyrequests", "the registry limits pulls: log in, or wait"},
    {"manifest unknown", "the registry has no such image or tag"},
    {"name unknown", "the registry has no such image"},
    {"name invalid", "a reference is [HOST[:PORT]/]NAME[:TAG|@DIGEST]"},
    {"invalid reference format",
     "a reference is [HOST[:PORT]/]NAME[:TAG|@DIGEST], in lower case"},
    {"no image found in",
     "it has nothing for this platform; --platform chooses another"},
    {"Cannot connect to the Docker daemon",
     "start docker, or set DOCKER_HOST to its socket"},
    {"does not resolve to an image ID",
     "the storage of this user has no such image: `podman images` lists them"},
    {"connection refused", "nothing answers at that address"},
    {"no such host", "the registry's name is not known here"},
    {"i/o timeout", "the registry does not answer; is there a network?"},
    {"igest did not match",
     "what the registry sent is damaged: try again, or push it again"},
    {"does not match",
     "what the registry sent is damaged: try again, or push it again"},
    {"unexpected EOF", "the registry broke off: try again, or push it again"},
    {"policy.json",
     "skopeo finds no trust policy: install containers-common, or make "
     "~/.config/containers/policy.json"},
}};

// The text of a `time="…" level=fatal msg="…"` line; the line itself when it is
// something else.
std::string message_in(std::string_view line) {
  const std::size_t start = line.find("msg=\"");
  if (start == std::string_view::npos) return std::string(line);
  std::string text;
  for (std::size_t i = start + 5; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    text += line[i];
  }
  return text;
}

// Without a policy skopeo copies nothing. What distributions ship as policy is
// to accept everything, so that is no loss.
bool has_policy() {
  const char* home = std::getenv("HOME");
  const std::string own = std::string(home == nullptr ? "" : home) + "/.config";
  return ::access((own + "/containers/policy.json").c_str(), R_OK) == 0 ||
         ::access("/etc/containers/policy.json", R_OK) == 0;
}

// "NAME:TAG@sha256:...", as people pin images: the digest decides, and skopeo
// takes only one of the two.
std::string without_tag(const std::string& reference) {
  const std::size_t at = reference.find("@sha256:");
  if (!reference.starts_with("docker://") || at == std::string::npos)
    return reference;
  const std::size_t slash = reference.rfind('/', at);
  const std::size_t colon = reference.find(':', slash);
  return colon < at ? reference.substr(0, colon) + reference.substr(at)
                    : reference;
}

std::vector<std::string> copy_command(const Store& store, const Source& source,
                                      const FetchOptions& options,
                                      const std::string& layout) {
  std::vector<std::string> argv{"skopeo"};
  if (!has_policy()) argv.emplace_back("--insecure-policy");
  const Platform platform = options.platform.value_or(Platform{});
  argv.insert(argv.end(), {"--override-os", "linux", "--override-arch",
                           platform.architecture});
  if (!platform.variant.empty())
    argv.insert(argv.end(), {"--override-variant", platform.variant});
  argv.insert(argv.end(),
              {"copy", "--retry-times", std::to_string(options.retries),
               "--dest-shared-blob-dir", store.blobs()});
  if (!options.tls_verify) argv.emplace_back("--src-tls-verify=false");
  // The docker command obeys it, skopeo does not.
  const char* daemon = std::getenv("DOCKER_HOST");
  if (source.reference.starts_with("docker-daemon:") && daemon != nullptr &&
      *daemon != '\0') {
    argv.insert(argv.end(), {"--src-daemon-host", daemon});
  }
  if (!options.authfile.empty())
    argv.insert(argv.end(), {"--authfile", options.authfile});
  argv.push_back(without_tag(source.reference));
  argv.push_back("oci:" + layout + ":image");
  return argv;
}

// skopeo takes a file that it cannot read for one without credentials. It is
// not opened here: it may be a pipe, as of a shell's <(...).
base::Status check_authfile(const std::string& path) {
  if (path.empty()) return {};
  int err = ::access(path.c_str(), R_OK) == 0 ? 0 : errno;
  const auto status = base::sys::stat(path);
  if (status && S_ISDIR(status->st_mode)) err = EISDIR;
  if (err == 0) return {};
  return base::fail("read credentials", path, err,
                    "--authfile takes what `skopeo login --authfile` writes");
}

// What skopeo brought, when it is the image that was wanted.
using Fetched = base::Result<ImageContent>;

// Fails when skopeo does.
base::Result<Fetched> fetch(const Store& store, const Source& source,
                            const FetchOptions& options) {
  const Store::Workspace space = DRIFTCAGE_TRY(store.workspace());
  const std::string layout = space.path + "/layout";
  RunOptions program;
  if (options.progress) {
    program.on_line = [&options](const std::string& line) {
      options.progress(Said::Detail, line);
    };
  }
  const auto run =
      run_program(copy_command(store, source, options, layout), program);
  if (!run && run.error().err == EINTR) return tl::make_unexpected(run.error());
  if (!run) {
    return base::fail("pull", source.reference, run.error().err,
                      run.error().err == ENOENT
                          ? "install skopeo: it fetches images"
                          : "skopeo could not be started");
  }
  if (!run->status.success()) {
    PullFailure failure = explain_pull(run->output);
    return base::fail(
        "pull",
        fmt::format("{}: {}", source.reference,
                    failure.message.empty() ? "skopeo: " + run->status.text()
                                            : failure.message),
        0, failure.hint);
  }
  const ImageFiles files =
      DRIFTCAGE_TRY(ImageFiles::open_directory(layout, store.blobs()));
  return read_oci_layout(files, {source.reference, "image",
                                 options.platform.value_or(Platform{})});
}

// The digests of the blobs that the store has.
base::Result<std::set<std::string>> stored_blobs(const Store& store) {
  const auto folder = DRIFTCAGE_TRY(
      base::sys::open(store.blobs() + "/sha256", O_RDONLY | O_DIRECTORY));
  std::set<std::string> digests;
  for (const std::string& name : DRIFTCAGE_TRY(list_names(folder.get()))) {
    std::string digest = "sha256:" + name;
    if (is_digest(digest)) digests.insert(std::move(digest));
  }
  return digests;
}

// skopeo takes a blob that is there for good. Of `before`, what the image
// needs, or could need when it cannot be read, is compared with its name and
// removed when it is another: so it is of use to nobody. True: something was.
base::Result<bool> drop_damaged(const Store& store,
                                const std::set<std::string>& before,
                                const Fetched& fetched) {
  std::set<std::string> suspects;
  if (fetched) {
    for (const ImageLayer& layer : fetched->layers)
      if (before.contains(layer.digest)) suspects.insert(layer.digest);
  } else {
    // Manifests and configurations.
    constexpr off_t kSmall = 1 << 20;
    for (const std::string& digest : before) {
      const auto status = base::sys::stat(store.blob(digest));
      if (status && status->st_size <= kSmall) suspects.insert(digest);
    }
  }
  bool dropped = false;
  for (const std::string& digest : suspects) {
    const std::string path = store.blob(digest);
    const auto found = digest_file(path);
    if (!found && found.error().err == EINTR)
      return tl::make_unexpected(found.error());
    if (found && found->digest == digest) continue;
    // Another pull may have been faster; a bad disk is damage, too. What
    // is not known to be needed must not hide why the image was not read.
    if (!found && !fetched && found.error().err != EIO) continue;
    if (!found && found.error().err != ENOENT && found.error().err != EIO)
      return tl::make_unexpected(found.error());
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return base::fail("remove", path, errno);
    dropped = true;
  }
  return dropped;
}

}  // namespace

PullFailure explain_pull(const std::string& output) {
  std::string_view rest = output;
  std::string_view last;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!line.empty()) last = line;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  PullFailure failure;
  failure.message = message_in(last);
  for (const Explanation& explanation : kExplanations) {
    if (failure.message.find(explanation.part) == std::string::npos) continue;
    failure.hint = explanation.hint;
    break;
  }
  return failure;
}

base::Result<ImageContent> pull_image(const Store& store, const Source& source,
                                      const FetchOptions& options) {
  DRIFTCAGE_CHECK_OK(check_authfile(options.authfile));
  if (options.progress)
    options.progress(Said::Step, "fetching " + source.reference);
  const auto before = DRIFTCAGE_TRY(stored_blobs(store));
  Fetched fetched = DRIFTCAGE_TRY(fetch(store, source, options));
  if (DRIFTCAGE_TRY(drop_damaged(store, before, fetched))) {
    if (options.progress)
      options.progress(Said::Step, "fetching again what was damaged here");
    fetched = DRIFTCAGE_TRY(fetch(store, source, options));
  }
  return fetched;
}

}  // namespace driftcage::image

// SPDX-License-Identifier: Apache-2.0
#include "harness/image/recipe_build.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "harness/base/sys.h"
#include "harness/image/apt.h"
#include "harness/image/deb.h"
#include "harness/image/digest.h"
#include "harness/image/interrupt.h"
#include "harness/image/recipe_layer.h"
#include "harness/image/store_lock.h"
#include "harness/image/subprocess.h"

namespace driftcage::image {
namespace {

// Bumped when trees of the same packages come out otherwise than before.
constexpr const char* kBuilder = "debian-2";
constexpr const char* kPackageType = "application/vnd.debian.binary-package";

// What every image of Debian has: a shell and the tools that scripts expect.
// The package manager is not among them.
constexpr std::array kBase{
    "base-files", "base-passwd",  "bash", "coreutils",  "dash",     "diffutils",
    "findutils",  "grep",         "gzip", "hostname",   "libc-bin", "mawk",
    "sed",        "ncurses-base", "tar",  "debianutils"};

std::vector<std::string> wanted_packages(const Recipe& recipe) {
  std::vector<std::string> packages = recipe.packages;
  if (recipe.base) packages.insert(packages.end(), kBase.begin(), kBase.end());
  return packages;
}

// Packages that are not in the store yet, each once.
std::vector<DebianPackage> missing_packages(
    const Store& store, const std::vector<DebianPackage>& packages) {
  std::vector<DebianPackage> missing;
  for (const DebianPackage& package : packages) {
    const auto there = base::sys::stat(store.blob(package.digest));
    if (!there || static_cast<std::uint64_t>(there->st_size) != package.size)
      missing.push_back(package);
  }
  return missing;
}

// apt has compared the digests; a look of our own keeps the store's promise
// that a blob is what its name says.
base::Status keep_packages(const Store& store, const std::string& archives,
                           const std::vector<DebianPackage>& packages) {
  for (const DebianPackage& package : packages) {
    const std::string from = archives + "/" + package.file;
    const FileDigest found = DRIFTCAGE_TRY(digest_file(from));
    if (found.digest != package.digest) {
      return base::fail("download package",
                        package.file + ": its digest is not the promised one");
    }
    if (::chmod(from.c_str(), 0600) != 0)
      return base::fail("chmod", from, errno);
    const std::string to = store.blob(package.digest);
    if (std::rename(from.c_str(), to.c_str()) != 0)
      return base::fail("rename", from, errno);
  }
  return {};
}

// The packages of a recipe, in the store's blobs.
base::Result<std::vector<DebianPackage>> fetch_packages(
    const Store& store, const Recipe& recipe, const FetchOptions& options) {
  const Store::Workspace space = DRIFTCAGE_TRY(store.workspace());
  Apt::Sources sources;
  sources.mirror = options.mirror.empty()
                       ? DRIFTCAGE_TRY(machine_mirror(space.path))
                       : options.mirror;
  sources.suites = recipe.suites;
  sources.architecture = machine_architecture();
  const Apt apt =
      DRIFTCAGE_TRY(Apt::open(space.path, sources, options.progress));
  auto packages =
      DRIFTCAGE_TRY(apt.plan(wanted_packages(recipe), recipe.dependencies));
  if (packages.empty()) {
    return base::fail("choose packages", recipe.name, ENOENT,
                      "the recipe's packages come to nothing");
  }
  // Dependencies come in an order that depends on apt's mood.
  std::sort(packages.begin(), packages.end(),
            [](const auto& a, const auto& b) { return a.file < b.file; });
  const auto missing = missing_packages(store, packages);
  DRIFTCAGE_CHECK_OK(apt.download(missing, options.progress));
  DRIFTCAGE_CHECK_OK(keep_packages(store, apt.archives(), missing));
  return packages;
}

// Everything that the tree depends on.
std::string chain_of(const Recipe& recipe,
                     const std::vector<DebianPackage>& packages) {
  std::string text = std::string(kBuilder) + (recipe.base ? " base\n" : "\n");
  for (const DebianPackage& package : packages) text += package.digest + "\n";
  for (const RecipeLink& link : recipe.links)
    text += fmt::format("link {} {} {}\n", link.at, link.to, link.when_free);
  for (const auto& [path, bytes] : recipe.files)
    text += fmt::format("file {} {}\n", path, digest_of(bytes));
  return digest_of(text);
}

// The loader's cache, made by the machine's own ldconfig(8) from outside: it
// does not matter to any program but for where it looks first. Left out where
// there is none.
void make_loader_cache(const std::string& root, const IdShift& ids,
                       Notes& notes) {
  const std::string cache = root + "/etc/ld.so.cache";
  for (const char* program : {"/sbin/ldconfig", "/usr/sbin/ldconfig"}) {
    const auto run = run_program({program, "-X", "-r", root});
    if (!run || !run->status.success()) continue;
    static_cast<void>(
        ::unlink((root + "/var/cache/ldconfig/aux-cache").c_str()));
    const HostIds owner = host_ids(0, 0, ids);
    const base::UniqueFd fd(
        ::open(cache.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) continue;
    if (ids.active())
      static_cast<void>(::fchown(fd.get(), owner.uid, owner.gid));
    static_cast<void>(::fchmod(fd.get(), 0644));
    return;
  }
  notes.add("no ldconfig on this machine: file left out", "etc/ld.so.cache");
}

class Building {
 public:
  Building(const Store& store, const Recipe& recipe,
           const std::vector<DebianPackage>& packages,
           const FetchOptions& options)
      : store_(store),
        recipe_(recipe),
        packages_(packages),
        options_(options) {}

  base::Result<UnpackResult> operator()(const std::string& root,
                                        const IdShift& ids) {
    UnpackOptions unpack;
    unpack.ids = ids;
    unpack.budget = options_.budget;
    unpack.keep_directory_links = true;
    if (options_.progress) {
      options_.progress(Said::Step,
                        fmt::format("unpacking {} packages", packages_.size()));
      unpack.progress = [this](std::uint64_t bytes) {
        bytes_ += bytes;
        options_.progress(
            Said::Detail,
            fmt::format("unpacking package {} of {}, {} MB", current_,
                        packages_.size(), bytes_ >> 20));
      };
    }
    auto unpacker = DRIFTCAGE_TRY(Unpacker::open(root, std::move(unpack)));
    if (recipe_.base) {
      BlobSource links = DRIFTCAGE_TRY(merged_usr_layer());
      DRIFTCAGE_CHECK_OK(unpacker.add_layer(std::move(links)));
    }
    std::vector<std::string> controls;
    for (const DebianPackage& package : packages_) {
      ++current_;
      BlobSource source =
          DRIFTCAGE_TRY(open_package(store_.blob(package.digest)));
      source.name = package.file;
      DRIFTCAGE_CHECK_OK(unpacker.add_layer(std::move(source)));
      if (recipe_.base) {
        controls.push_back(
            DRIFTCAGE_TRY(package_control(store_.blob(package.digest))));
      }
    }
    BlobSource last = DRIFTCAGE_TRY(finishing_layer(recipe_, root, controls));
    DRIFTCAGE_CHECK_OK(unpacker.add_layer(std::move(last)));
    Notes notes;
    if (recipe_.base) make_loader_cache(root, ids, notes);
    UnpackResult result = DRIFTCAGE_TRY(unpacker.finish());
    for (std::string& note : notes.texts())
      result.notes.push_back(std::move(note));
    return result;
  }

 private:
  const Store& store_;
  const Recipe& recipe_;
  const std::vector<DebianPackage>& packages_;
  const FetchOptions& options_;
  std::size_t current_ = 0;
  std::uint64_t bytes_ = 0;
};

ImageConfig config_of(const Recipe& recipe, const std::string& architecture) {
  ImageConfig config;
  config.environment = recipe.environment;
  config.user = recipe.user;
  config.working_directory = recipe.working_directory;
  config.os = "linux";
  config.architecture = architecture;
  return config;
}

// The image in the store, when it was made from this text.
base::Result<std::optional<ProvidedImage>> known_image(
    const Store& store, const Recipe& recipe, const std::string& state) {
  auto known = DRIFTCAGE_TRY(store.record(recipe.name));
  if (!known || known->source_state != state)
    return std::optional<ProvidedImage>();
  auto tree = DRIFTCAGE_TRY(store.find(known->chain));
  if (!tree) return std::optional<ProvidedImage>();
  return std::optional(
      ProvidedImage{*std::move(known), *std::move(tree), false});
}

base::Result<ProvidedImage> build(const Store& store, const Recipe& recipe,
                                  const std::string& state,
                                  const FetchOptions& options) {
  const auto fetching = DRIFTCAGE_TRY(store.keep_blobs());
  const auto packages = DRIFTCAGE_TRY(fetch_packages(store, recipe, options));
  StoredImage image;
  image.reference = recipe.name;
  image.source_state = state;
  image.chain = chain_of(recipe, packages);
  image.config = config_of(recipe, machine_architecture());
  for (const DebianPackage& package : packages) {
    image.layers.push_back(
        {package.file, package.digest, package.size, kPackageType, {}});
    image.blobs.push_back(package.digest);
  }
  Building building(store, recipe, packages, options);
  ProvidedImage provided;
  provided.tree = DRIFTCAGE_TRY(
      store.ensure(image.chain, std::ref(building), options.progress));
  provided.image = std::move(image);
  provided.fetched = true;
  DRIFTCAGE_CHECK_OK(store.put(provided.image));
  return provided;
}

// Another image under the recipe's name, with the recipe's own settings.
base::Result<ProvidedImage> pull(const Store& store, const Recipe& recipe,
                                 const FetchOptions& options) {
  const auto source = DRIFTCAGE_TRY(parse_source(recipe.pull));
  if (!source) {
    return base::fail("read recipe", recipe.name, EINVAL,
                      "pull takes a reference such as docker://NAME:TAG");
  }
  ProvidedImage provided =
      DRIFTCAGE_TRY(provide_image(store, *source, options));
  ImageConfig& config = provided.image.config;
  for (const auto& [name, value] : recipe.environment)
    config.environment[name] = value;
  if (!recipe.user.empty()) config.user = recipe.user;
  if (!recipe.working_directory.empty())
    config.working_directory = recipe.working_directory;
  return provided;
}

}  // namespace

base::Result<ProvidedImage> provide_recipe(const Store& store,
                                           const Recipe& recipe,
                                           const FetchOptions& options) {
  if (!recipe.pull.empty()) return pull(store, recipe, options);
  const std::string state =
      digest_of(machine_architecture() + "\n" + recipe.source);
  if (!options.refresh) {
    auto known = DRIFTCAGE_TRY(known_image(store, recipe, state));
    if (known) return *std::move(known);
  }
  // Two runs that want the same recipe must not both download it.
  const std::string path = store.recipe_lock(recipe.name);
  auto lock = DRIFTCAGE_TRY(lock_path(path, LockKind::Exclusive, false));
  const bool waited = lock == nullptr;
  if (waited) {
    if (options.progress)
      options.progress(Said::Step,
                       "waiting for another process that builds it");
    lock = DRIFTCAGE_TRY(lock_path(path, LockKind::Exclusive, true));
  }
  // What another one has just made is fresh enough for everybody.
  if (waited || !options.refresh) {
    auto known = DRIFTCAGE_TRY(known_image(store, recipe, state));
    if (known) return *std::move(known);
  }
  return build(store, recipe, state, options);
}

}  // namespace driftcage::image

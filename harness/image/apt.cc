// SPDX-License-Identifier: Apache-2.0
#include "harness/image/apt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/subprocess.h"

namespace driftcage::image {
namespace {

// Of package debian-archive-keyring; other distributions have it too.
constexpr const char* kKeyring =
    "/usr/share/keyrings/debian-archive-keyring.gpg";

constexpr std::array<std::string_view, 11> kSuites{
    "bullseye", "bookworm", "trixie",   "forky",     "duke",        "sid",
    "stable",   "testing",  "unstable", "oldstable", "oldoldstable"};

template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct Explanation {
  std::string_view part;
  std::string_view hint;
};
constexpr std::array<Explanation, 8> kExplanations{{
    {"NO_PUBKEY",
     "install a newer debian-archive-keyring: the suite is signed with a key "
     "that this machine does not know"},
    {"is not signed",
     "the mirror has no such suite, or nobody signed it; --mirror URI names "
     "another one"},
    {"does not have a Release file",
     "the mirror has no such suite; --mirror URI names another one"},
    {"Unable to locate package", "none of the recipe's suites has it"},
    {"has no installation candidate", "none of the recipe's suites has it"},
    {"unmet dependencies", "the recipe's suites do not fit together"},
    {"resolv", "is there a network? --mirror URI names another mirror"},
    {"connect", "is there a network? --mirror URI names another mirror"},
}};

// What apt said last; it spreads the reason over several lines.
base::Error apt_failure(std::string_view step, const std::string& object,
                        const ProgramRun& run) {
  base::Error error{std::string(step), object, 0, {}};
  std::string last;
  for_each_line(run.output, [&](std::string_view line) {
    if (!line.starts_with("E: ")) return;
    // The general sentence at the end says less than the one before.
    if (!last.empty() && line.find("index files failed") != line.npos) return;
    last = line.substr(3);
  });
  error.object += ": apt: " + (last.empty() ? run.status.text() : last);
  for (const Explanation& explanation : kExplanations) {
    if (run.output.find(explanation.part) == std::string::npos) continue;
    error.hint = explanation.hint;
    break;
  }
  return error;
}

// What apt is told, and where it leaves what is of no use later.
std::vector<std::string> own_variables(const std::string& folder) {
  return {"APT_CONFIG=" + folder + "/apt.conf", "TMPDIR=" + folder};
}

base::Result<ProgramRun> run_apt(const std::vector<std::string>& argv,
                                 const RunOptions& options) {
  RunOptions own = options;
  own.environment.emplace_back("LC_ALL=C.UTF-8");
  auto run = run_program(argv, own);
  if (run || run.error().err != ENOENT) return run;
  return base::fail("run", argv[0], ENOENT,
                    "Debian images are made with apt, which this machine does "
                    "not have");
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, code, 16).ptr ==
            &text[i + 1] + 2) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// `'URI' FILE SIZE SHA256:HEX`
base::Result<DebianPackage> package_in(std::string_view line) {
  const auto wrong = [whole = line] {
    return base::fail("read apt's plan", whole, EINVAL,
                      "the archive must have SHA-256 digests");
  };
  std::array<std::string_view, 4> words;
  for (std::string_view& word : words) {
    const std::size_t end = std::min(line.find(' '), line.size());
    word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  DebianPackage package;
  package.file = words[1];
  const std::size_t first = words[1].find('_');
  const std::size_t last = words[1].rfind('_');
  const auto [end, code] = std::from_chars(
      words[2].data(), words[2].data() + words[2].size(), package.size);
  if (first == std::string_view::npos || last == first ||
      words[1].find('/') != std::string_view::npos || code != std::errc() ||
      end != words[2].data() + words[2].size() ||
      !words[3].starts_with("SHA256:")) {
    return wrong();
  }
  package.name = words[1].substr(0, first);
  package.version = decoded(words[1].substr(first + 1, last - first - 1));
  package.digest = "sha256:" + std::string(words[3].substr(7));
  if (!is_digest(package.digest)) return wrong();
  return package;
}

std::string own_codename() {
  const auto text = base::sys::read_file("/etc/os-release");
  std::string codename;
  if (!text) return codename;
  for_each_line(*text, [&](std::string_view line) {
    constexpr std::string_view kKey = "VERSION_CODENAME=";
    if (line.starts_with(kKey)) codename = line.substr(kKey.size());
  });
  std::erase(codename, '"');
  return codename;
}

}  // namespace

std::string mirror_in(std::string_view uris, std::string_view codename) {
  // A package index tells archives from the many other repositories that have
  // suites of the same names: only Debian's own has a component "main" there.
  std::string best;
  bool exact = false;
  for_each_line(uris, [&](std::string_view line) {
    const std::size_t dists = line.find("/dists/");
    if (!line.starts_with('\'') || dists == std::string_view::npos) return;
    const std::string_view rest = line.substr(dists + 7);
    const std::string_view suite = rest.substr(0, rest.find('/'));
    if (!rest.substr(suite.size()).starts_with("/main/binary-")) return;
    const bool own = suite == codename;
    if (exact || (!own && !best.empty())) return;
    if (std::find(kSuites.begin(), kSuites.end(), suite) == kSuites.end())
      return;
    best = line.substr(1, dists - 1);
    exact = own;
  });
  return best;
}

base::Result<std::string> machine_mirror(const std::string& folder) {
  const std::string lists = folder + "/machine";
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(lists + "/partial", 0700));
  const ProgramRun run = DRIFTCAGE_TRY(
      run_apt({"apt-get", "-o", "Dir::State::lists=" + lists, "-o",
               "APT::Sandbox::User=root", "--print-uris", "update"},
              {}));
  std::string mirror = mirror_in(run.output, own_codename());
  if (!mirror.empty()) return mirror;
  return base::fail("find a Debian mirror", "apt's configuration", 0,
                    "this machine's apt uses no archive of Debian's: give "
                    "one with --mirror URI");
}

base::Result<std::vector<DebianPackage>> packages_in(std::string_view uris) {
  std::vector<DebianPackage> packages;
  std::optional<base::Error> error;
  for_each_line(uris, [&](std::string_view line) {
    if (!line.starts_with('\'') || error) return;
    auto package = package_in(line);
    if (package) {
      packages.push_back(*std::move(package));
    } else {
      error = std::move(package).error();
    }
  });
  if (error) return tl::make_unexpected(*std::move(error));
  return packages;
}

std::string private_configuration(std::string_view dump,
                                  const std::string& folder) {
  constexpr std::array<std::string_view, 8> kNetwork{
      "Acquire::http::",   "Acquire::https::",           "Acquire::ftp::",
      "Acquire::Retries ", "Acquire::ForceIPv4 ",        "Acquire::ForceIPv6 ",
      "Acquire::socks::",  "Acquire::Check-Valid-Until "};
  std::string text;
  for_each_line(dump, [&](std::string_view line) {
    const bool network = std::any_of(
        kNetwork.begin(), kNetwork.end(),
        [line](std::string_view name) { return line.starts_with(name); });
    if (network) text += std::string(line) + "\n";
  });
  text += fmt::format(
      "Dir::Etc::main \"/dev/null\";\n"
      "Dir::Etc::parts \"/dev/null\";\n"
      "Dir::Etc::sourcelist \"{0}/sources.list\";\n"
      "Dir::Etc::sourceparts \"/dev/null\";\n"
      "Dir::Etc::preferences \"/dev/null\";\n"
      "Dir::Etc::preferencesparts \"/dev/null\";\n"
      "Dir::State \"{0}\";\n"
      "Dir::State::lists \"{0}/lists\";\n"
      "Dir::State::status \"{0}/status\";\n"
      "Dir::Cache \"{0}\";\n"
      "Dir::Cache::archives \"{0}/archives\";\n"
      "Dir::Log \"{0}\";\n"
      "Debug::NoLocking \"true\";\n"  // the folder is nobody else's
      "APT::Sandbox::User \"root\";\n"
      "APT::Install-Recommends \"false\";\n"
      "APT::Get::List-Cleanup \"false\";\n"
      "APT::Update::Error-Mode \"any\";\n"
      "Acquire::ForceHash \"sha256\";\n"  // the default is to show an MD5
      "Acquire::Languages \"none\";\n"
      "Acquire::PDiffs \"false\";\n",
      folder);
  return text;
}

base::Result<Apt> Apt::open(const std::string& folder, const Sources& sources,
                            const Progress& progress) {
  const std::string& mirror = sources.mirror;
  if (mirror.find("://") == std::string::npos ||
      mirror.find_first_of(" \t\n[]\"") != std::string::npos ||
      folder.find_first_of("\"\n") != std::string::npos) {
    return base::fail("use mirror", mirror, EINVAL,
                      "a mirror is a URI such as https://mirror.example.com/"
                      "debian");
  }
  Apt apt;
  apt.folder_ = folder;
  for (const char* name : {"/lists/partial", "/archives/partial"})
    DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder + name, 0700));
  const ProgramRun dump = DRIFTCAGE_TRY(run_apt({"apt-config", "dump"}, {}));
  std::string configuration = private_configuration(dump.output, folder);
  configuration += fmt::format(
      "APT::Architecture \"{0}\";\nAPT::Architectures {{ \"{0}\"; }};\n",
      sources.architecture);
  DRIFTCAGE_CHECK_OK(
      base::sys::write_file(folder + "/apt.conf", configuration, 0600));
  DRIFTCAGE_CHECK_OK(base::sys::write_file(folder + "/status", "", 0600));
  const std::string trust =
      ::access(kKeyring, R_OK) == 0
          ? fmt::format(" [signed-by={}]", kKeyring)
          : std::string();  // what the machine's apt trusts itself
  std::string list;
  for (const std::string& suite : sources.suites)
    list += fmt::format("deb{} {} {} main\n", trust, mirror, suite);
  DRIFTCAGE_CHECK_OK(
      base::sys::write_file(folder + "/sources.list", list, 0600));

  if (progress) {
    progress(Said::Step, fmt::format("fetching the package lists of {} from {}",
                                     fmt::join(sources.suites, ", "), mirror));
  }
  const ProgramRun update = DRIFTCAGE_TRY(run_apt(
      {"apt-get", "-q", "update"}, {.environment = own_variables(folder)}));
  if (!update.status.success()) {
    return tl::make_unexpected(
        apt_failure("fetch package lists", mirror, update));
  }
  return apt;
}

base::Result<std::vector<DebianPackage>> Apt::plan(
    const std::vector<std::string>& packages, bool dependencies) const {
  std::vector<std::string> argv{"apt-get",
                                "-q",
                                "-y",
                                "--print-uris",
                                dependencies ? "install" : "download",
                                "--"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  std::string uris;
  RunOptions options{
      .on_line = [&uris](const std::string& line) { uris += line + "\n"; }};
  options.environment = own_variables(folder_);
  // What lies in the working directory already, `apt-get download` leaves out.
  options.directory = archives();
  const ProgramRun run = DRIFTCAGE_TRY(run_apt(argv, options));
  if (!run.status.success()) {
    return tl::make_unexpected(apt_failure(
        "choose packages", fmt::format("{}", fmt::join(packages, " ")), run));
  }
  auto plan = DRIFTCAGE_TRY(packages_in(uris));
  for (const std::string& name : packages) {
    const bool planned = std::any_of(
        plan.begin(), plan.end(),
        [&name](const auto& package) { return package.name == name; });
    if (!planned) {
      return base::fail("choose packages", name, ENOENT,
                        "apt would take another package for it: name that one");
    }
  }
  return plan;
}

base::Status Apt::download(const std::vector<DebianPackage>& packages,
                           const Progress& progress) const {
  if (packages.empty()) return {};
  std::vector<std::string> argv{"apt-get", "-q", "download", "--"};
  std::uint64_t bytes = 0;
  for (const DebianPackage& package : packages) {
    argv.push_back(package.name + "=" + package.version);
    bytes += package.size;
  }
  if (progress) {
    progress(Said::Step, fmt::format("downloading {} packages, {} MB",
                                     packages.size(), bytes / 1'000'000));
  }
  std::size_t begun = 0;
  RunOptions options{.on_line = [&](const std::string& line) {
    if (!line.starts_with("Get:") || !progress) return;
    progress(Said::Detail, fmt::format("downloading package {} of {}", ++begun,
                                       packages.size()));
  }};
  options.environment = own_variables(folder_);
  options.directory = archives();
  const ProgramRun run = DRIFTCAGE_TRY(run_apt(argv, options));
  if (run.status.success()) return {};
  return tl::make_unexpected(apt_failure("download packages", archives(), run));
}

}  // namespace driftcage::image

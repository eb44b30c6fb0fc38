#include "cli/input.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace vmtrunc {

std::string ReadFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw UsageError{absl::StrCat(path, ": expected a file, not a directory")};
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  if (path != "-" && !file)
    throw UsageError{absl::StrCat(path, ": ", std::strerror(errno))};
  std::istream& in = path == "-" ? std::cin : file;
  // 256 events are less; what has no end (/dev/zero) is no script.
  constexpr size_t kMostBytes = size_t{16} << 20;
  std::string content;
  std::array<char, 1 << 16> part;
  while (content.size() <= kMostBytes &&
         (in.read(part.data(), part.size()), in.gcount() > 0))
    content.append(part.data(), static_cast<size_t>(in.gcount()));
  if (content.size() > kMostBytes)
    throw UsageError{absl::StrCat(path, ": expected at most 16 MiB")};
  return content;
}

void WriteFile(const std::string& path, const std::string& content) {
  if (path == "-") {
    std::cout << content << std::flush;
    return;
  }
  // Over a file whole or not at all; into what is none, a device or a pipe.
  std::error_code ignored;
  const bool special = std::filesystem::exists(path, ignored) &&
                       !std::filesystem::is_regular_file(path, ignored);
  const std::string part = special ? path : path + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out || (!special && std::rename(part.c_str(), path.c_str()) != 0)) {
    const int error = errno;
    if (!special) ::unlink(part.c_str());
    throw UsageError{absl::StrCat(path, ": ", std::strerror(error))};
  }
}

Script ReadScript(const std::string& path, const std::string& from) {
  const std::string content = ReadFile(path);
  return ParseScript(
      path, content,
      from.empty() ? LooksLikeText(path, content) : from == "text");
}

Script ParseScript(const std::string& path, const std::string& content,
                   bool is_text) {
  if (!is_text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
    return DecodeBytes(std::span(bytes, content.size()));
  }
  absl::StatusOr<Script> script = ParseText(content);
  if (!script.ok())
    throw UsageError{
        absl::StrCat(path, ":", std::string(script.status().message()))};
  return *std::move(script);
}

KernelSpec OneKernel(const std::string& name) {
  const absl::StatusOr<KernelSpec> spec = ParseKernelSpec(name);
  if (!spec.ok())
    throw UsageError{absl::StrCat("--kernel ", name, ": expected ",
                                  std::string(spec.status().message()))};
  return *spec;
}

std::vector<KernelSpec> Kernels(const std::string& option, const Script& script,
                                const std::string& path,
                                const std::string& fallback) {
  std::vector<KernelSpec> specs;
  if (option == "all") {
    for (size_t i = 0; i < AllKernels().size(); ++i)
      specs.push_back({.kernel = static_cast<uint8_t>(i)});
    return specs;
  }
  if (!option.empty()) {
    for (const absl::string_view name : absl::StrSplit(option, ','))
      specs.push_back(OneKernel(std::string(name)));
    return specs;
  }
  if (!script.unknown_kernel.empty())
    throw UsageError{absl::StrCat(path, ": kernel ", script.unknown_kernel,
                                  ": expected a kernel that is built, or "
                                  "--kernel")};
  specs.push_back(script.kernel ? *script.kernel : OneKernel(fallback));
  return specs;
}

Verbs ParseVerbs(const std::vector<std::string>& names) {
  Verbs verbs = 0;
  for (const std::string& name : names) {
    int verb = kVerbs;
    while (verb > 0 && name != VerbName(static_cast<Verb>(verb))) --verb;
    if (verb == 0) throw UsageError{"--verbs " + name + ": expected a verb"};
    verbs |= Verbs{1} << verb;
  }
  return verbs;
}

}  // namespace vmtrunc

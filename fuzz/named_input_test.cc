#include "fuzz/named_input.h"

#include <filesystem>

#include "base/scratch_test.h"
#include "core/script/script.h"
#include "fuzz/kernel_beside.h"

namespace vmtrunc::fuzz {
namespace {

class NamedInputTest : public base::Scratch {
 protected:
  // A script in bytes, and a note beside it; "": that names no kernel, or none.
  std::string Saved(const std::string& own, const std::string& beside) const {
    Script script = EmptyScript();
    if (!own.empty()) SetKernel(*ParseKernelSpec(own), script);
    const std::vector<uint8_t> bytes = EncodeBytes(script);
    const std::string content(bytes.begin(), bytes.end());
    Put("crash", content);
    std::filesystem::remove(Path("crash.md"));
    if (beside.empty()) return Path("crash");
    const InputNote note{.kernel = *ParseKernelSpec(beside),
                         .property = "",
                         .options = "",
                         .seed = 0};
    Put("crash.md", NoteText(note, Path("crash"), content));
    return Path("crash");
  }
};

Settings On(const std::string& kernel, bool is_given) {
  Settings settings;
  settings.kernel = *ParseKernelSpec(kernel);
  settings.kernel_is_given = is_given;
  return settings;
}

TEST_F(NamedInputTest, ATextIsNamedWhateverItsKernel) {
  const std::string text = "vmtrunc 1\nkernel 3.0\nfile f 8\n";
  for (const char* const name : {"a.vmt", "crash-1"}) {
    Put(name, text);
    for (const bool is_given : {false, true})
      EXPECT_TRUE(WhyNotAsItIs(Path(name), On("3.0", is_given))
                      .starts_with(Path(name) + ": expected a script in bytes"))
          << name;
  }
}

TEST_F(NamedInputTest, BytesRunOnTheKernelOfTheirNote) {
  struct {
    const char *own, *beside, *by_default;
    bool runs;
  } constexpr kCases[] = {
      {"", "", "2.6.11", true},           {"", "2.6.11", "2.6.11", true},
      {"", "2.6.9-mm", "2.6.11", false},  {"", "2.6.11-leap", "2.6.11", false},
      {"3.0", "", "2.6.11", true},        {"3.0", "3.0", "2.6.11", true},
      {"3.0", "2.6.11", "2.6.11", false},
  };
  for (const auto& it : kCases) {
    const std::string path = Saved(it.own, it.beside);
    const std::string why = WhyNotAsItIs(path, On(it.by_default, false));
    EXPECT_EQ(why.empty(), it.runs) << it.own << ", " << it.beside;
    if (!it.runs) {
      EXPECT_TRUE(why.starts_with(
          path + ": expected VMTRUNC_KERNEL: the note beside it names " +
          it.beside + ","))
          << why;
    }
    // Who says which kernel knows it.
    EXPECT_EQ(WhyNotAsItIs(path, On(it.by_default, true)), "") << it.beside;
  }
}

// The engine would run nothing, and end with 0.
TEST_F(NamedInputTest, NothingIsNoInput) {
  Put("crash-1", "");
  EXPECT_EQ(WhyNotAsItIs(Path("crash-1"), On("3.0", true)),
            Path("crash-1") + ": expected an input; there is nothing in it");
  EXPECT_THROW(WhyNotAsItIs("/proc/self/mem", On("3.0", true)),
               base::UsageError);
}

// Of these the engine says what it has to say.
TEST_F(NamedInputTest, WhatIsNoFileIsNotRead) {
  std::filesystem::create_directory(Path("corpus.vmt"));
  for (const char* const name : {"corpus.vmt", "none.vmt"})
    EXPECT_EQ(WhyNotAsItIs(Path(name), On("3.0", false)), "") << name;
}

}  // namespace
}  // namespace vmtrunc::fuzz

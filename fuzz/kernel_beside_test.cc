#include "fuzz/kernel_beside.h"

#include <filesystem>

#include "base/scratch_test.h"
#include "core/build_id.h"

namespace vmtrunc::fuzz {
namespace {

class KernelBesideTest : public base::Scratch {
 protected:
  // An input with a note beside it.
  std::string Saved(const std::string& kernel) const {
    const InputNote note{.kernel = *ParseKernelSpec(kernel),
                         .property = "no-page-past-size,done-is-unmapped",
                         .options = "--property done-is-unmapped ",
                         .seed = 7};
    Put("crash", "bytes");
    Put("crash.md", NoteText(note, Path("crash"), "bytes"));
    return Path("crash");
  }
};

TEST_F(KernelBesideTest, ANoteNamesTheKernelWithItsFlips) {
  for (const char* kernel : {"2.6.9-mm", "3.0", "2.6.11-leap+unmap-mutex"})
    EXPECT_EQ(KernelBeside(Saved(kernel)), *ParseKernelSpec(kernel)) << kernel;
  const std::string note = Get("crash.md");
  for (const std::string& part :
       {std::string("breaks   no-page-past-size"), std::string("seed     7"),
        std::string("vmtrunc run --kernel 2.6.11-leap+unmap-mutex --property "
                    "done-is-unmapped --from bytes"),
        std::string(BuildId())})
    EXPECT_NE(note.find(part), std::string::npos) << part;
}

TEST_F(KernelBesideTest, ANoteNamesTheProperties) {
  const auto note = NoteBeside(Saved("3.0"));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->property, "no-page-past-size,done-is-unmapped");
  EXPECT_EQ(note->kernel, *ParseKernelSpec("3.0"));
}

// Else bytes of one input would run on the kernel of another.
TEST_F(KernelBesideTest, ANoteBelongsToOneInput) {
  const std::string saved = Saved("3.0");
  Put("crash", "other bytes");
  EXPECT_EQ(KernelBeside(saved), std::nullopt);
}

TEST_F(KernelBesideTest, IgnoresAFileThatIsNotANote) {
  Put("crash", "bytes");
  EXPECT_EQ(KernelBeside(Path("crash")), std::nullopt);
  Put("crash.md", "# Notes of mine\n\n    kernel   3.0\n    content  x\n");
  EXPECT_EQ(KernelBeside(Path("crash")), std::nullopt);
  std::filesystem::remove(Path("crash.md"));
  std::filesystem::create_directory(Path("crash.md"));
  EXPECT_EQ(KernelBeside(Path("crash")), std::nullopt);
  EXPECT_EQ(KernelBeside("-"), std::nullopt);
}

// Else its input would run on the default kernel.
TEST_F(KernelBesideTest, ANoteThatCannotBeReadIsAnError) {
  const std::string saved = Saved("3.0");
  EXPECT_TRUE(base::WithoutDescriptors([&] {
                return base::ErrorOf([&] { KernelBeside(saved); });
              }).ends_with("crash.md: Too many open files"));
}

TEST_F(KernelBesideTest, ReportsAKernelThatIsNotBuilt) {
  const std::string saved = Saved("3.0");
  std::string note = Get("crash.md");
  note.replace(note.find("   3.0\n"), 7, "   9.9\n");
  Put("crash.md", note);
  EXPECT_NE(base::ErrorOf([&] { KernelBeside(saved); }).find("kernel 9.9"),
            std::string::npos);
}

}  // namespace
}  // namespace vmtrunc::fuzz

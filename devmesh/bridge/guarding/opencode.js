// The same as hook.py for opencode, whose hooks are plugins: puts each tool call to the bridge's desk before it runs.
// Whatever is not a clear yes throws, and a call that throws does not happen.
import { createConnection } from "node:net";

const DEADLINE = 540_000;

function ask(question) {
  return new Promise((resolve, reject) => {
    const desk = createConnection({ path: process.env.DEVMESH_DESK });
    let answer = "";
    const timer = setTimeout(() => desk.destroy(new Error("nobody answered in time")), DEADLINE);
    desk.setEncoding("utf8");
    desk.on("connect", () => desk.write(JSON.stringify(question) + "\n"));
    desk.on("data", (piece) => {
      answer += piece;
      if (answer.endsWith("\n")) { clearTimeout(timer); resolve(JSON.parse(answer)); desk.end(); }
    });
    desk.on("error", (error) => { clearTimeout(timer); reject(error); });
    desk.on("close", () => { clearTimeout(timer); reject(new Error("the bridge did not answer")); });
  });
}

export const DevMesh = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    let told;
    try {
      const call = { tool_name: input.tool, tool_input: output.args ?? {}, cwd: directory };
      told = await ask({ ask: "hook", dialect: "opencode", input: call });
    } catch (doubt) {
      throw new Error(`DevMesh refuses this: its hook failed (${doubt?.message ?? doubt}).`);
    }
    if (told?.granted !== true) throw new Error(told?.reason || told?.error || "DevMesh did not grant it.");
  },
});

/** What a conversation is made with. */
import type { Home } from "./home.js";
import { NativeOptions } from "./native.js";
import { object, refused } from "./plain.js";
import { givenProvider, ScriptedModel, type Provider } from "./providers.js";
import { givenApprove, givenTool, type Approve, type Tool } from "./tools.js";
import { write } from "../data.js";
import { sync } from "../errors.js";
import { options as copied, snaked } from "../options.js";
import type { NativeStorage } from "../sessions/native.js";
import { SessionStorage } from "../sessions/storage.js";

/**
 * The options of a conversation; what is left out has its default.
 *
 * One that is resumed goes on with its model, provider, built-in tools, system prompt and
 * directory, and with all options that are data. The rest is to be given again: own tools and
 * providers, `approve`, and `apiKey`, which is never stored.
 */
export interface ResumeOptions {
    /** `"openai/gpt-5"`, or the model alone beside `provider`, or if its name tells whose it is. */
    model?: string;
    /** `openai`, `anthropic`, …, a `ScriptedModel`, or an object with `stream(request)`. */
    provider?: string | Provider | ScriptedModel;
    /** Another address of the provider. */
    baseUrl?: string;
    /** Its key; by default from its environment variable. */
    apiKey?: string;
    /** Names of built-in tools, and own ones. */
    tools?: readonly (string | Tool)[];
    /** Asked before a tool does what not everybody would want; without it such calls are refused. */
    approve?: Approve;
    systemPrompt?: string;
    /** 0 to 1; 0.7 by default, and left to models that take none. */
    temperature?: number;
    /** The longest answer, in tokens. */
    maxTokens?: number;
    /** At most 4. */
    stopSequences?: readonly string[];
    /** How many tokens may be sent and answered; by default what the model is known to take. */
    contextWindow?: number;
    /** What is done when the window is full; `"sliding-window"` by default. */
    pruneStrategy?: "sliding-window" | "tool-results" | "summarize" | "hybrid";
    /** How full the window may get before it is pruned: above 0, up to 1; 0.9 by default. */
    pruneThreshold?: number;
    /** The model that writes summaries; by default the conversation's own. */
    summaryModel?: string;
    /** How many requests a turn may make; 50 by default. */
    maxTurns?: number;
    /** How many tools run at once; 4 by default. */
    parallelTools?: number;
    /** How long a tool may run, in seconds; 120 by default. */
    toolTimeout?: number;
    /** Whether the model is told that a tool failed (the default), or the turn ends. */
    toolErrors?: "return" | "raise";
    /** Whether a message during a turn waits (the default), or is refused with `BUSY`. */
    busy?: "wait" | "error";
    /** Whether everything is stored as it is said (the default), or by `save()` only. */
    autoSave?: boolean;
    /** Where it is kept; by default the default store. */
    storage?: SessionStorage;
    /** Where tools work; by default the process's directory. */
    workingDir?: string;
    /** What a million tokens cost, for providers that tell no cost. */
    prices?: { input: number; output: number; cacheRead?: number; cacheWrite?: number };
}

/** The options of a new conversation. */
export interface SessionOptions extends ResumeOptions {
    model: string;
    /** Resumes this session if it exists, and gives a new one this id otherwise. */
    sessionId?: string;
}

/** The options as the compiled half takes them. */
export function nativeOptions(options: Partial<SessionOptions>, home: Home): NativeOptions {
    const { tools, approve, provider, storage, prices, ...data } = copied(options);
    // What cannot be data is refused under the name it was given by.
    write(data, "options");
    const given = {
        data: {
            ...snaked(data),
            ...(isGiven(prices) && { prices: snaked(object(prices, "prices")) }),
            ...(typeof provider === "string" && { provider }),
        },
        tools: listed(tools).map((tool) =>
            typeof tool === "string" ? tool : givenTool(tool, home),
        ),
        approve: isGiven(approve) ? givenApprove(approve, home) : undefined,
        provider: isOwn(provider) ? givenProvider(provider, home) : undefined,
    };
    const script = provider instanceof ScriptedModel ? provider._native : undefined;
    return sync(() => {
        const kept = isGiven(storage) ? nativeStorage(storage) : undefined;
        return new NativeOptions(home.native, write(given, "options"), kept, script);
    });
}

export function nativeStorage(storage: SessionStorage): NativeStorage {
    if (!(storage instanceof SessionStorage)) throw refused("storage is a SessionStorage");
    return storage._native;
}

export function isGiven<T>(option: T): option is T & {} {
    return option !== undefined && option !== null;
}

function isOwn(provider: unknown): provider is Provider {
    return (
        isGiven(provider) && typeof provider !== "string" && !(provider instanceof ScriptedModel)
    );
}

function listed(tools: unknown): readonly (string | Tool)[] {
    if (!isGiven(tools)) return [];
    if (!Array.isArray(tools)) throw refused("tools are a list", 'tools: ["read"], for example');
    return tools as (string | Tool)[];
}

/** What the package declares: the public names of both its faces, with their members. */
import { join } from "node:path";
import ts from "typescript";

const BUILT = join(__dirname, "..", "..", "..", "dist");

export interface Declared {
    /** Whether there is something of the name when a program runs. */
    isValue: boolean;
    isClass: boolean;
    members: Set<string>;
    /** Of a type that lists texts. */
    texts: string[];
}

/** By name; what only `opencode-sessions/client` has is `client.Name`. */
export function surface(): Map<string, Declared> {
    const [root, client] = [join(BUILT, "index.d.ts"), join(BUILT, "client", "index.d.ts")];
    const program = ts.createProgram([root, client], {
        strict: true,
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ["lib.es2024.d.ts", "lib.esnext.disposable.d.ts"],
        skipLibCheck: true,
    });
    const checker = program.getTypeChecker();
    const names = (file: string): [string, ts.Symbol][] =>
        checker
            .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
            .map((found) => [
                found.name,
                found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found,
            ]);
    const known = new Map(names(root));
    const ofClient = names(client).filter(([name, symbol]) => known.get(name) !== symbol);
    for (const [name, symbol] of ofClient) known.set(`client.${name}`, symbol);
    return new Map([...known].map(([name, symbol]) => [name, declared(checker, symbol)]));
}

function declared(checker: ts.TypeChecker, symbol: ts.Symbol): Declared {
    const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
    const isType = (symbol.flags & ts.SymbolFlags.Type) !== 0;
    const types = isType ? united(checker.getDeclaredTypeOfSymbol(symbol)) : [];
    const own = types.flatMap((type) => checker.getPropertiesOfType(type));
    const ofClass = isClass ? checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol)) : [];
    return {
        isValue: (symbol.flags & (ts.SymbolFlags.Value & ~ts.SymbolFlags.Enum)) !== 0,
        isClass,
        texts: types.flatMap((type) => (type.isStringLiteral() ? [type.value] : [])),
        members: new Set(
            [...own, ...ofClass]
                .filter((member) =>
                    member.declarations?.some((at) =>
                        at.getSourceFile().fileName.startsWith(BUILT),
                    ),
                )
                .map(({ name }) => name)
                // Symbols, `#private`.
                .filter((name) => !/^__|^#|^prototype$/.test(name)),
        ),
    };
}

/** All kinds of a union. */
function united(type: ts.Type): ts.Type[] {
    return type.isUnion() ? type.types : [type];
}
